import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Doorway } from "../patterns/Doorway";

export function NotFound() {
  const { t } = useTranslation();
  return (
    <Doorway title={t("error.notFound")}>
      <Link to="/">{t("error.home")}</Link>
    </Doorway>
  );
}
