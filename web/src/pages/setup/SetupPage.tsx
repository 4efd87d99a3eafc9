import { Autocomplete, Button, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, api } from "../../api/client";
import { signedIn } from "../../api/session";
import { Doorway } from "../../patterns/Doorway";
import { ErrorNote } from "../../patterns/ErrorNote";

const ZONES = Intl.supportedValuesOf("timeZone");
const CURRENCIES = Intl.supportedValuesOf("currency");

/** Where a shop begins: its owner's account and its first store, by the link that was printed. */
export function SetupPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queries = useQueryClient();
  // Behind the #, so that it is in no log.
  const [token] = useState(() => new URLSearchParams(location.hash.slice(1)).get("token") ?? "");
  const [form, setForm] = useState({
    username: "",
    password: "",
    name: "",
    time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    currency: "EUR",
  });
  const setUp = useMutation({
    mutationFn: async () => {
      const { username, password, ...store } = form;
      const body = { setup_token: token, username, password, store };
      return (await api.POST("/api/setup", { body })).data;
    },
    onSuccess: (answer) => {
      if (!answer) return;
      signedIn(answer);
      queries.clear();
      void navigate({ to: "/", replace: true });
    },
  });
  const field = (name: keyof typeof form) => ({
    value: form[name],
    onChange: (value: string | { currentTarget: { value: string } }) => {
      const text = typeof value === "string" ? value : value.currentTarget.value;
      setForm((old) => ({ ...old, [name]: text }));
    },
    error: fault(setUp.error, name),
  });
  if (token === "") {
    return (
      <Doorway title={t("setup.title")}>
        <p>{t("setup.noToken")}</p>
      </Doorway>
    );
  }
  return (
    <Doorway title={t("setup.title")}>
      <Text size="sm" c="dimmed">
        {t("setup.intro")}
      </Text>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!setUp.isPending) setUp.mutate();
        }}
      >
        <Stack gap="md">
          <TextInput
            label={t("field.username")}
            autoComplete="username"
            autoCapitalize="none"
            required
            {...field("username")}
          />
          <PasswordInput
            label={t("field.password")}
            description={t("setup.passwordHelp")}
            autoComplete="new-password"
            required
            {...field("password")}
          />
          <TextInput label={t("field.storeName")} required {...field("name")} />
          <Autocomplete
            label={t("field.timeZone")}
            data={ZONES}
            limit={20}
            required
            {...field("time_zone")}
          />
          <Autocomplete
            label={t("field.currency")}
            data={CURRENCIES}
            limit={20}
            required
            {...field("currency")}
          />
          {setUp.isError && <ErrorNote error={setUp.error} />}
          <Button type="submit" size="md" loading={setUp.isPending}>
            {t("setup.submit")}
          </Button>
        </Stack>
      </form>
    </Doorway>
  );
}

/** What the server says of a field. */
function fault(error: unknown, name: string): string | null {
  if (!(error instanceof ApiError)) return null;
  const found = error.faults.find(({ field }) => field === name || field === `store.${name}`);
  return found?.message ?? null;
}
