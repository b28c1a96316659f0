/** A list of the server as a table, with every state it can be in. */
import type { JSX } from "preact";
import { t, type TextKey } from "../i18n";
import type { PagedHandle } from "../state/paged";
import { number } from "./format";
import { howMany } from "./howmany";
import { Empty, Failed, Skeleton } from "./states";
import { Table, type TableProps } from "./Table";

export function PagedTable<T>({
  list,
  what,
  empty,
  hint,
  ...table
}: Omit<TableProps<T>, "rows"> & {
  list: PagedHandle<T>;
  what: TextKey;
  empty: string;
  hint?: string;
}): JSX.Element {
  const { data, error } = list.value.value;
  return (
    <>
      {error ? <Failed what={what} problem={error} retry={list.retry} /> : null}
      {!data && !error ? <Skeleton rows={10} /> : null}
      {data && data.items.length === 0 ? <Empty title={empty} {...(hint ? { hint } : {})} /> : null}
      {data && data.items.length > 0 ? <Table rows={data.items} {...table} /> : null}
      {data ? <More list={list} /> : null}
    </>
  );
}

export function More<T>({ list }: { list: PagedHandle<T> }): JSX.Element | null {
  const { data } = list.value.value;
  if (!data?.next) return null;
  return (
    <div class="more">
      <button type="button" class="button" disabled={list.loadingMore.value} onClick={() => void list.more()}>
        {t("showMore")}
      </button>
      <span class="soft tabular">{t("listOfShown", { shown: number(data.items.length), n: howMany(data) })}</span>
    </div>
  );
}
