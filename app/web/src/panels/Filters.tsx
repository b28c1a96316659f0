/** Which cases: open or closed, and of which categories. The same for list, map, heat and histogram. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Category } from "../api/types";
import { lang, t } from "../i18n";
import { clearFilters } from "../state/actions";
import { categoryList } from "../state/data";
import { categories, statusFilter } from "../state/store";
import type { StatusFilter } from "../state/url";
import { Icon } from "../ui/icons";
import { Segments } from "../ui/Segments";

const open = signal(false);
const STATUSES: readonly { value: StatusFilter; key: "filterAll" | "filterOpen" | "filterClosed" }[] = [
  { value: "all", key: "filterAll" },
  { value: "open", key: "filterOpen" },
  { value: "closed", key: "filterClosed" },
];

export function Filters(): JSX.Element {
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const close = (event: PointerEvent): void => {
      if (open.peek() && !root.current?.contains(event.target as Node)) open.value = false;
    };
    document.addEventListener("pointerdown", close);
    return () => document.removeEventListener("pointerdown", close);
  }, []);
  const chosen = categories.value;
  return (
    <div class="filters" ref={root}>
      <Segments
        label={t("filter")}
        options={STATUSES.map(({ value, key }) => ({ value, text: t(key) }))}
        value={statusFilter.value}
        onChange={(value) => (statusFilter.value = value)}
      />
      <button
        type="button"
        class={`button small ${chosen.length > 0 ? "on" : ""}`}
        aria-expanded={open.value}
        onClick={() => (open.value = !open.value)}
      >
        <Icon name="filter" />
        {chosen.length > 0 ? t("filterCategories", { n: chosen.length }) : t("filterCategory")}
      </button>
      {chosen.length > 0 || statusFilter.value !== "all" ? (
        <button
          type="button"
          class="button quiet small only-icon"
          aria-label={t("clearFilters")}
          title={t("clearFilters")}
          onClick={clearFilters}
        >
          <Icon name="close" />
        </button>
      ) : null}
      {open.value ? <CategoryMenu /> : null}
    </div>
  );
}

function CategoryMenu(): JSX.Element {
  const all = categoryList.value.value.data ?? [];
  const groups = all.filter((item) => item.code.length === 2);
  const heads = groups.length > 0 ? groups : all;
  return (
    <div class="menu category-menu">
      {heads.map((item) => (
        <label key={item.code} class="check">
          <input type="checkbox" checked={categories.value.includes(item.code)} onChange={() => toggle(item.code)} />
          <span>{nameOf(item)}</span>
          <span class="soft tabular">{item.code}</span>
        </label>
      ))}
    </div>
  );
}

function toggle(code: string): void {
  const now = categories.value;
  categories.value = now.includes(code) ? now.filter((other) => other !== code) : [...now, code].sort();
}

export function nameOf(item: Category): string {
  return lang.value === "en" ? item.name_en || item.name_zh : item.name_zh;
}
