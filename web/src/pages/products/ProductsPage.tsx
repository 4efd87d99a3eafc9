import { TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { api, type Schema } from "../../api/client";
import { given } from "../../app/search";
import { money, quantity } from "../../patterns/amounts";
import { type Column, DataTable } from "../../patterns/DataTable";
import { StatusPill } from "../../patterns/StatusPill";
import { useSettings } from "../../session/useSettings";
import classes from "./ProductsPage.module.css";
import { type ProductsSearch, SORTS } from "./search";

type Product = Schema["Product"];

/** What the shop sells. */
export function ProductsPage() {
  const { t } = useTranslation();
  const search = useSearch({ from: "/shop/products" });
  const navigate = useNavigate({ from: "/products" });
  const list = useProducts(search);
  const columns = useColumns();
  const find = useDebouncedCallback((q: string) => {
    void navigate({
      search: ({ sort }) => ({ ...(sort && { sort }), ...(q && { q }) }),
      replace: true,
    });
  }, 200);
  return (
    <>
      <h1>{t("products.title")}</h1>
      <TextInput
        className={classes.search ?? ""}
        type="search"
        aria-label={t("products.search")}
        placeholder={t("products.search")}
        leftSection={<IconSearch size={16} aria-hidden />}
        defaultValue={search.q ?? ""}
        onChange={(event) => find(event.currentTarget.value)}
      />
      <DataTable
        label={t("products.title")}
        columns={columns}
        list={list}
        rowId={(product) => product.id}
        sort={search.sort ?? "name"}
        onSort={(sort) =>
          void navigate({
            search: (old) => ({ ...old, ...given("sort", sort, SORTS) }),
            replace: true,
          })
        }
        empty={search.q ? t("products.noMatch") : t("products.empty")}
      />
    </>
  );
}

function useProducts({ q, sort }: ProductsSearch) {
  const query = useInfiniteQuery({
    queryKey: ["products", { q, sort }],
    queryFn: async ({ pageParam, signal }) => {
      const query = {
        limit: 200,
        ...(q && { q }),
        ...(sort && { sort }),
        ...(pageParam && { cursor: pageParam }),
      };
      return (await api.GET("/api/products", { params: { query }, signal })).data;
    },
    initialPageParam: "",
    getNextPageParam: (page) => page?.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });
  const rows = useMemo(
    () => query.data?.pages.flatMap((page) => page?.products ?? []) ?? [],
    [query.data],
  );
  return {
    rows,
    isPending: query.isPending,
    error: query.error,
    hasMore: query.hasNextPage,
    isLoadingMore: query.isFetchingNextPage,
    loadMore: () => void query.fetchNextPage(),
    retry: () => void query.refetch(),
  };
}

function useColumns(): Column<Product>[] {
  const { t, i18n } = useTranslation();
  const currency = useSettings().data?.currency;
  const locale = i18n.language;
  return useMemo(
    () => [
      {
        id: "name",
        title: t("products.name"),
        width: "minmax(220px, 3fr)",
        sort: "name",
        cell: (product) => (
          <>
            {product.name} <span className={classes.sku}>{product.sku}</span>
          </>
        ),
      },
      {
        id: "status",
        title: t("products.status"),
        width: "minmax(110px, 1fr)",
        cell: (product) => <Standing product={product} />,
      },
      {
        id: "price",
        title: t("products.price"),
        width: "minmax(100px, 1fr)",
        isNumber: true,
        cell: (product) => (currency ? money(product.price, currency, locale) : product.price),
      },
      {
        id: "on_hand",
        title: t("products.onHand"),
        width: "minmax(100px, 1fr)",
        isNumber: true,
        cell: (product) => quantity(product.on_hand, product.unit, locale),
      },
    ],
    [t, currency, locale],
  );
}

function Standing({ product }: { product: Product }) {
  const { t } = useTranslation();
  if (product.on_hand <= 0) return <StatusPill tone="bad">{t("products.out")}</StatusPill>;
  const isLow = product.reorder_point != null && product.on_hand <= product.reorder_point;
  if (isLow) return <StatusPill tone="warn">{t("products.low")}</StatusPill>;
  return <StatusPill tone="ok">{t("products.inStock")}</StatusPill>;
}
