import { Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, api } from "../../api/client";
import { signedIn } from "../../api/session";
import { Doorway } from "../../patterns/Doorway";
import { ErrorNote } from "../../patterns/ErrorNote";

/** Where people sign in; they go on to where they wanted to go. */
export function LoginPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { to } = useSearch({ from: "/login" });
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const signIn = useMutation({
    mutationFn: async () => (await api.POST("/api/login", { body: { username, password } })).data,
    onSuccess: (answer) => {
      if (!answer) return;
      signedIn(answer);
      queries.clear();
      void navigate({ href: to ?? "/", replace: true });
    },
  });
  const wait = useCountdown(signIn.error);
  return (
    <Doorway title={t("login.title")}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!signIn.isPending && wait === 0) signIn.mutate();
        }}
      >
        <Stack gap="md">
          <TextInput
            label={t("field.username")}
            autoComplete="username"
            autoCapitalize="none"
            required
            value={username}
            onChange={(event) => setUsername(event.currentTarget.value)}
          />
          <PasswordInput
            label={t("field.password")}
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          {signIn.isError && <ErrorNote error={signIn.error} />}
          {wait > 0 && <p role="status">{t("login.wait", { count: wait })}</p>}
          <Button type="submit" size="md" loading={signIn.isPending}>
            {t("login.submit")}
          </Button>
        </Stack>
      </form>
    </Doorway>
  );
}

/** The seconds until one may try again. */
function useCountdown(error: unknown): number {
  const after = error instanceof ApiError ? (error.retryAfter ?? 0) : 0;
  const [state, setState] = useState<{ of: unknown; left: number }>({ of: null, left: 0 });
  useEffect(() => {
    if (after === 0) return;
    const end = Date.now() + after * 1000;
    const timer = setInterval(() => {
      setState({ of: error, left: Math.max(0, Math.ceil((end - Date.now()) / 1000)) });
    }, 1000);
    return () => clearInterval(timer);
  }, [error, after]);
  return state.of === error ? state.left : after;
}
