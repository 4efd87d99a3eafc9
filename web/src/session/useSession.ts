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
    queryFn: async () => (await api.GET("/api/auth/profile")).data,
    staleTime: 60_000,
  });
}

/** Something that one may do, by its name in the API. */
export type Permission =
  | "read_catalog"
  | "edit_catalog"
  | "edit_stores"
  | "read_stock"
  | "move_stock"
  | "backdate"
  | "see_cost"
  | "read_orders"
  | "sell"
  | "supervise_sales"
  | "read_customers"
  | "edit_customers"
  | "grant_credit"
  | "read_employees"
  | "edit_employees"
  | "read_audit"
  | "manage_users"
  | "edit_settings"
  | "operate";

/** Whether one may do something: in a store, or anywhere where none is named. */
export function useMay(): (permission: Permission, store?: number) => boolean {
  const held = useProfile().data?.permissions;
  return (permission, store) => {
    const stores = held?.[permission];
    if (stores === undefined) return false;
    return stores === null || store === undefined || stores.includes(store);
  };
}
