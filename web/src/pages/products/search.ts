import type { Query } from "../../api/client";
import { given } from "../../app/search";

type Sort = NonNullable<Query<"/api/products">["sort"]>;

export const SORTS: readonly Sort[] = ["name", "-name", "sku", "-sku", "created_at", "-created_at"];

export interface ProductsSearch {
  q?: string;
  sort?: Sort;
}

/** What is looked for, and in which order. */
export function productsSearch(search: Record<string, unknown>): ProductsSearch {
  return { ...given("q", search.q), ...given("sort", search.sort, SORTS) };
}
