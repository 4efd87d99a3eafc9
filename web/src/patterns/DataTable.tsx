/**
 * The one table of all lists: columns that one chooses, rows as they are scrolled to, and where one
 * was when one comes back.
 */
import { Button, Skeleton } from "@mantine/core";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import classes from "./DataTable.module.css";
import { ErrorNote } from "./ErrorNote";

export interface Column<Row> {
  id: string;
  /** What stands above it. */
  title: string;
  cell: (row: Row) => ReactNode;
  /** A track of a CSS grid: `minmax(200px, 2fr)`. */
  width: string;
  /** Numbers stand at the end. */
  isNumber?: boolean;
  /** What the server calls its order, where it can be sorted by. */
  sort?: string;
}

/** What a list has shown so far. */
export interface Rows<Row> {
  rows: Row[];
  isPending: boolean;
  error: unknown;
  hasMore: boolean;
  isLoadingMore: boolean;
  loadMore: () => void;
  retry: () => void;
}

interface Props<Row> {
  /** What it lists, for those who do not see it. */
  label: string;
  columns: Column<Row>[];
  list: Rows<Row>;
  rowId: (row: Row) => number | string;
  /** The column it is sorted by, with a minus before it where the highest comes first. */
  sort?: string;
  onSort?: (sort: string) => void;
  /** What stands there where there is nothing. */
  empty: ReactNode;
}

/** A row's height in pixels, as in the stylesheet. */
const ROW_PX = 36;
/** Rows before the end at which more are asked for. */
const AHEAD = 30;

/** How far each list was scrolled, by its address. */
const offsets = new Map<string, number>();

export function DataTable<Row>(props: Props<Row>) {
  const { label, columns, list, rowId, sort, onSort, empty } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const address = location.pathname + location.search;
  // eslint-disable-next-line react-hooks/incompatible-library -- nothing here is compiled
  const virtual = useVirtualizer({
    count: list.rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
    initialOffset: () => offsets.get(address) ?? 0,
    onChange: ({ scrollOffset }) => offsets.set(address, scrollOffset ?? 0),
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const { hasMore, isLoadingMore, loadMore } = list;
  useEffect(() => {
    if (hasMore && !isLoadingMore && last >= list.rows.length - AHEAD) loadMore();
  }, [hasMore, isLoadingMore, loadMore, last, list.rows.length]);
  const template = { gridTemplateColumns: columns.map((column) => column.width).join(" ") };
  if (list.error && list.rows.length === 0) {
    return <ErrorNote error={list.error} onRetry={list.retry} />;
  }
  if (!list.isPending && list.rows.length === 0)
    return <div className={classes.empty}>{empty}</div>;
  return (
    <div className={classes.frame}>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls is reached by the keyboard */}
      <div className={classes.scroller} ref={scroller} tabIndex={0}>
        <div
          role="table"
          aria-label={label}
          aria-rowcount={list.hasMore ? -1 : list.rows.length + 1}
          className={classes.table}
        >
          <div role="row" aria-rowindex={1} className={classes.head} style={template}>
            {columns.map((column) => (
              <HeadCell key={column.id} column={column} sort={sort} onSort={onSort} />
            ))}
          </div>
          <div role="rowgroup" className={classes.body} style={{ height: virtual.getTotalSize() }}>
            {list.isPending && <Waiting />}
            {items.map((item) => {
              const row = list.rows[item.index];
              if (row === undefined) return null;
              return (
                <div
                  key={rowId(row)}
                  role="row"
                  aria-rowindex={item.index + 2}
                  className={classes.row}
                  style={{ ...template, transform: `translateY(${item.start}px)` }}
                >
                  {columns.map((column) => (
                    <div
                      key={column.id}
                      role="cell"
                      className={classes.cell}
                      data-number={column.isNumber}
                    >
                      {column.cell(row)}
                    </div>
                  ))}
                </div>
              );
            })}
          </div>
        </div>
      </div>
      {Boolean(list.error) && list.rows.length > 0 && (
        <ErrorNote error={list.error} onRetry={list.loadMore} />
      )}
    </div>
  );
}

function HeadCell<Row>(props: {
  column: Column<Row>;
  sort: string | undefined;
  onSort: ((sort: string) => void) | undefined;
}) {
  const { column, sort, onSort } = props;
  const { t } = useTranslation();
  const by = column.sort;
  const isBy = by !== undefined && (sort === by || sort === `-${by}`);
  const isDown = isBy && sort === `-${by}`;
  const order = isBy ? (isDown ? "descending" : "ascending") : undefined;
  const Arrow = isDown ? IconArrowDown : IconArrowUp;
  return (
    <div
      role="columnheader"
      aria-sort={order}
      className={classes.headCell}
      data-number={column.isNumber}
      tabIndex={-1}
    >
      {by && onSort ? (
        <Button
          variant="transparent"
          color="gray"
          size="compact-xs"
          className={classes.sort ?? ""}
          title={t("table.sortBy", { column: column.title })}
          rightSection={isBy ? <Arrow size={12} aria-hidden /> : null}
          onClick={() => onSort(isBy && !isDown ? `-${by}` : by)}
        >
          {column.title}
        </Button>
      ) : (
        column.title
      )}
    </div>
  );
}

function Waiting() {
  const { t } = useTranslation();
  return (
    <div className={classes.waiting} role="status" aria-label={t("app.loading")}>
      {Array.from({ length: 8 }, (_, index) => (
        <Skeleton key={index} height={16} radius="sm" />
      ))}
    </div>
  );
}
