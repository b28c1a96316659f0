/** The list beside the map: the same selection as the map shows, newest first. It never jumps by itself. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Incident } from "../api/types";
import { categoryName, named, t } from "../i18n";
import { clearFilters, listCursor, openIncident, showFresh } from "../state/actions";
import { cellNumber } from "../state/codes";
import { list, loadingMore, loadMore } from "../state/data";
import { live, passesFilter } from "../state/livefeed";
import { categories, hoverIncident, nowTick, selection, statusFilter, timeWindow, view } from "../state/store";
import { ClockChip } from "../ui/ClockChip";
import { ago, moment, number } from "../ui/format";
import { StageMark } from "../ui/stage";
import { howMany } from "../ui/howmany";
import { Empty, Failed, Skeleton } from "../ui/states";
import { word } from "../i18n";
import { Filters } from "./Filters";

export function IncidentList(): JSX.Element {
  const { data, error, loading } = list.value.value;
  return (
    <section class="list-panel" aria-label={t("list")}>
      <div class="list-head">
        <h2>{t("list")}</h2>
        <span class="soft tabular">{data ? t("listInView", { n: howMany(data) }) : ""}</span>
        <Fresh />
      </div>
      <Filters />
      {error ? <Failed what="what_list" problem={error} retry={list.retry} /> : null}
      {!data && !error ? <Skeleton rows={8} /> : null}
      {data && data.items.length === 0 ? <NothingHere /> : null}
      {data && data.items.length > 0 ? (
        <ol
          class={`rows ${loading ? "is-loading" : ""}`}
          role="listbox"
          aria-label={t("list")}
          tabIndex={0}
          id="incident-rows"
          aria-activedescendant={listCursor.value === null ? undefined : `row-${listCursor.value}`}
        >
          {data.items.map((incident) => (
            <Row key={incident.no} incident={incident} />
          ))}
          {data.next !== null ? (
            <li class="more">
              <button type="button" class="button" disabled={loadingMore.value} onClick={() => void loadMore()}>
                {t("loadMore", { n: 50 })}
              </button>
              <span class="soft tabular">
                {t("listOfShown", { shown: number(data.items.length), n: howMany(data) })}
              </span>
            </li>
          ) : null}
        </ol>
      ) : null}
    </section>
  );
}

/** Cases that came in since the list was asked, as a counter: pressing it shows them. */
function Fresh(): JSX.Element | null {
  const box = view.value;
  if (!box) return null;
  const shown = new Set(list.value.value.data?.items.map((item) => item.no));
  const [west, south, east, north] = box;
  const waiting = live.value.fresh.filter(
    (item) =>
      !shown.has(item.no) &&
      passesFilter(item) &&
      item.lon >= west &&
      item.lon <= east &&
      item.lat >= south &&
      item.lat <= north,
  );
  if (waiting.length === 0) return null;
  return (
    <button type="button" class="fresh" onClick={showFresh} aria-live="polite">
      {t("newArrivals", { n: number(waiting.length) })}
    </button>
  );
}

function NothingHere(): JSX.Element {
  const filtered = categories.value.length > 0 || statusFilter.value !== "all";
  return (
    <Empty title={t("listEmpty")} hint={t("listEmptyHint")}>
      {filtered ? (
        <button type="button" class="button" onClick={clearFilters}>
          {t("clearFilters")}
        </button>
      ) : null}
      <button type="button" class="button" onClick={() => (timeWindow.value = "7d")}>
        {t("widen")}
      </button>
    </Empty>
  );
}

/** District is left out when all rows share it; a row says where: subdistrict, community, cell. */
export function placeText(incident: Incident): string {
  const parts = incident.chain.filter((link) => link.level === "subdistrict" || link.level === "community").map(named);
  return `${parts.join(" · ")} -${cellNumber(incident.cell_code)}`;
}

/** What is left of a case that is open; how old it is where nothing runs. */
function RowClock({ incident }: { incident: Incident }): JSX.Element {
  const runs = incident.stage !== "closed" && incident.clock.due_at !== null;
  return runs ? (
    <ClockChip clock={incident.clock} />
  ) : (
    <span class="soft tabular">{ago(incident.reported_at, nowTick.value)}</span>
  );
}

function Row({ incident }: { incident: Incident }): JSX.Element {
  const row = useRef<HTMLLIElement>(null);
  const chosen = selection.value;
  const selected = chosen?.kind === "incident" && chosen.no === incident.no;
  const cursor = listCursor.value === incident.no;
  const hover = hoverIncident.value;
  const fromMap = hover?.from === "map" && hover.no === incident.no;
  useEffect(() => {
    if (fromMap || cursor) row.current?.scrollIntoView({ block: "nearest" });
  }, [fromMap, cursor]);
  const flags = `${selected ? "selected" : ""} ${cursor ? "cursor" : ""} ${fromMap ? "hover" : ""}`;
  return (
    <li
      ref={row}
      id={`row-${incident.no}`}
      class={`row ${flags}`}
      role="option"
      aria-selected={selected}
      onClick={() => openIncident(incident, false)}
      onPointerEnter={() => (hoverIncident.value = { from: "list", no: incident.no })}
      onPointerLeave={() => {
        if (hoverIncident.value?.from === "list") hoverIncident.value = null;
      }}
    >
      <StageMark stage={incident.stage} critical={incident.severity >= 4 && incident.stage !== "closed"} />
      <div class="row-text">
        <div class="row-top">
          <span class="row-title">{incident.title}</span>
          <time class="tabular soft" title={incident.reported_at}>
            {moment(incident.reported_at, nowTick.peek())}
          </time>
        </div>
        <div class="row-place">{placeText(incident)}</div>
        <div class="row-meta">
          <span>{word("status", incident.status)}</span>
          <span class="row-what">{categoryName(incident)}</span>
          {incident.severity >= 3 ? <span>{word("severity", String(incident.severity))}</span> : null}
          <span class="row-ago">
            <RowClock incident={incident} />
          </span>
        </div>
      </div>
    </li>
  );
}
