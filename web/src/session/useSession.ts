import { useQuery } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { api } from "../api/client";
import { onTokens, tokens } from "../api/session";

/** Whether someone is signed in, in any tab. */
export function useIsSignedIn(): boolean {
  return useSyncExternalStore(onTokens, tokens) !== null;
}

/** Who is signed in, and what they may do. */
export function useProfile() {
  return useQuery({
    queryKey: ["profile"],
    queryFn: async () => (await api.GET("/api/auth/profile")).data?.user,
    staleTime: 60_000,
  });
}
