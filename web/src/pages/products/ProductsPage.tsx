import { Button, Skeleton, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api, type Schema } from "../../api/client";
import { money, quantity } from "../../patterns/amounts";
import { ErrorNote } from "../../patterns/ErrorNote";
import { StatusPill } from "../../patterns/StatusPill";
import classes from "./ProductsPage.module.css";

export function ProductsPage() {
  const { t, i18n } = useTranslation();
  const { q } = useSearch({ from: "/shop/products" });
  const navigate = useNavigate({ from: "/products" });
  const settings = useQuery({
    queryKey: ["settings"],
    queryFn: async () => (await api.GET("/api/settings")).data?.settings,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const products = useInfiniteQuery({
    queryKey: ["products", { q }],
    queryFn: async ({ pageParam, signal }) => {
      const query = { ...(q && { q }), ...(pageParam && { cursor: pageParam }), limit: 100 };
      return (await api.GET("/api/products", { params: { query }, signal })).data;
    },
    initialPageParam: "",
    getNextPageParam: (page) => page?.next_cursor ?? undefined,
  });
  const rows = products.data?.pages.flatMap((page) => page?.products ?? []) ?? [];
  const currency = settings.data?.currency ?? "EUR";
  return (
    <>
      <h1>{t("products.title")}</h1>
      <TextInput
        className={classes.search}
        type="search"
        aria-label={t("products.search")}
        placeholder={t("products.search")}
        leftSection={<IconSearch size={16} aria-hidden />}
        value={q ?? ""}
        onChange={(event) => {
          const text = event.currentTarget.value;
          navigate({ search: text ? { q: text } : {}, replace: true });
        }}
      />
      {products.isError && <ErrorNote error={products.error} onRetry={() => products.refetch()} />}
      <div className={classes.scroller}>
        <table className={classes.table}>
          <thead>
            <tr>
              <th>{t("products.name")}</th>
              <th>{t("products.status")}</th>
              <th className="num">{t("products.price")}</th>
              <th className="num">{t("products.onHand")}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((product) => (
              <tr key={product.id}>
                <td>
                  {product.name} <span className={classes.sku}>{product.sku}</span>
                </td>
                <td>
                  <Standing product={product} />
                </td>
                <td className="num">{money(product.price, currency, i18n.language)}</td>
                <td className="num">{quantity(product.on_hand, product.unit, i18n.language)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {products.isPending && <Skeleton height={36} m="md" width="auto" />}
        {products.isSuccess && rows.length === 0 && (
          <p className={classes.empty}>{q ? t("products.noMatch") : t("products.empty")}</p>
        )}
      </div>
      {products.hasNextPage && (
        <Button
          variant="default"
          loading={products.isFetchingNextPage}
          onClick={() => products.fetchNextPage()}
        >
          +
        </Button>
      )}
    </>
  );
}

function Standing({ product }: { product: Schema["Product"] }) {
  const { t } = useTranslation();
  if (product.on_hand <= 0) return <StatusPill tone="bad">{t("products.out")}</StatusPill>;
  const isLow = product.reorder_point != null && product.on_hand <= product.reorder_point;
  if (isLow) return <StatusPill tone="warn">{t("products.low")}</StatusPill>;
  return <StatusPill tone="ok">{t("products.inStock")}</StatusPill>;
}
