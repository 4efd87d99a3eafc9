import { useQuery } from "@tanstack/react-query";
import { api } from "../api/client";

/** What holds for the whole shop: its currency among it. */
export function useSettings() {
  return useQuery({
    queryKey: ["settings"],
    queryFn: async () => (await api.GET("/api/settings")).data?.settings,
    staleTime: 5 * 60_000,
  });
}
