import { ActionIcon, Menu, UnstyledButton, useMantineColorScheme } from "@mantine/core";
import { IconBox, IconHome, IconLogout, IconMenu2, IconMoon, IconSun } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../api/client";
import { signedOut, tokens } from "../api/session";
import { Logo } from "../patterns/Logo";
import { useProfile } from "../session/useSession";
import classes from "./Shell.module.css";

/** What stands round every page: where one can go, and who one is. */
export function Shell() {
  const { t } = useTranslation();
  const [isOpen, setIsOpen] = useState(false);
  return (
    <div className={classes.app}>
      <a className={classes.skip} href="#content">
        {t("app.skip")}
      </a>
      <nav className={classes.side} data-open={isOpen} aria-label={t("nav.main")}>
        <div className={classes.brand}>
          <Logo />
        </div>
        <Link to="/" onClick={() => setIsOpen(false)}>
          <IconHome size={18} stroke={1.75} aria-hidden />
          {t("nav.home")}
        </Link>
        <p className={classes.section}>{t("nav.catalogue")}</p>
        <Link to="/products" onClick={() => setIsOpen(false)}>
          <IconBox size={18} stroke={1.75} aria-hidden />
          {t("nav.products")}
        </Link>
      </nav>
      <header className={classes.top}>
        <ActionIcon
          className={classes.burger ?? ""}
          variant="subtle"
          color="gray"
          aria-label={t("nav.menu")}
          aria-expanded={isOpen}
          onClick={() => setIsOpen((open) => !open)}
        >
          <IconMenu2 size={18} />
        </ActionIcon>
        <Account />
      </header>
      <main className={classes.main} id="content">
        <Outlet />
      </main>
    </div>
  );
}

function Account() {
  const { t } = useTranslation();
  const { data } = useProfile();
  const { setColorScheme } = useMantineColorScheme();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const signOut = async () => {
    const refresh_token = tokens()?.refresh;
    if (refresh_token) await api.POST("/api/auth/logout").catch(() => undefined);
    signedOut();
    queries.clear();
    await navigate({ to: "/login" });
  };
  return (
    <Menu position="bottom-end" shadow="md">
      <Menu.Target>
        <UnstyledButton className={classes.account ?? ""}>
          {data?.user.name ?? t("nav.account")}
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t("nav.theme")}</Menu.Label>
        <Menu.Item
          leftSection={<IconSun size={16} aria-hidden />}
          onClick={() => setColorScheme("light")}
        >
          {t("nav.light")}
        </Menu.Item>
        <Menu.Item
          leftSection={<IconMoon size={16} aria-hidden />}
          onClick={() => setColorScheme("dark")}
        >
          {t("nav.dark")}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={signOut}>
          {t("nav.signOut")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
