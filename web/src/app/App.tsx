import { localStorageColorSchemeManager, MantineProvider } from "@mantine/core";
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { ApiError } from "../api/client";
import { theme } from "../theme";
import { router } from "./router";

const MANAGER = localStorageColorSchemeManager({ key: "stockroom.theme" });
/** Retries of a read that was not answered. */
const RETRIES_MAX = 2;

/** Whoever is not signed in any more signs in, and comes back to where they were. */
function onError(error: unknown): void {
  const isOut = error instanceof ApiError && error.status === 401;
  const { href, pathname } = router.state.location;
  if (isOut && pathname !== "/login") void router.navigate({ to: "/login", search: { to: href } });
}

const queries = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    queries: {
      retry: (count, error) =>
        count < RETRIES_MAX &&
        error instanceof ApiError &&
        (error.status === 0 || error.status >= 500),
    },
  },
});

/** The number by which the policy knows the page's own styles. */
function nonce(): string {
  return document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce ?? "";
}

export function App() {
  return (
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      colorSchemeManager={MANAGER}
      getStyleNonce={nonce}
    >
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  );
}
