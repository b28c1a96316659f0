/** Everything the page has fetched, each kept in step with the state that asks for it. */
import { computed, signal } from "@preact/signals";
import { api, type FiguresQuery, type Filter } from "../api/client";
import type { Area, Figures, FiguresPart, Incident, Level, Paged } from "../api/types";
import { levelOf } from "./codes";
import { partOf, resource, track } from "./resource";
import { activeGrant } from "./session";
import {
  area,
  bandwidth_m,
  categories,
  face,
  layerOn,
  level,
  listTick,
  mapTick,
  measure,
  mode,
  ownDeeds,
  refreshTick,
  selection,
  statusFilter,
  timeWindow,
  view,
} from "./store";
import { BOUNDARIES_SETTLED_MS, live, onChange, onLeft, onTopic, serverNow } from "./livefeed";
import { BRUSH_ROOM, isLive, resolveWindow, rfc3339, type Preset } from "./window";

const LIST_PAGE = 50;
const WALL_FEED = 8;
/** Bars of a round length: 1, 5 and 15 minutes, 2 and 8 hours. */
const BUCKETS: Readonly<Record<Preset, number>> = { "1h": 60, "6h": 72, "24h": 96, "7d": 84, "30d": 90 };
const CUSTOM_BUCKETS = 96;

/** The filter that list, tiles, heat, histogram and counts share: one selection everywhere. */
export const filter = computed<Filter>(() => {
  track(mapTick.value);
  return currentFilter();
});

function currentFilter(): Filter {
  const { since, until } = resolveWindow(timeWindow.value, serverNow());
  return {
    area: area.value || undefined,
    category: categories.value.join(",") || undefined,
    status: statusFilter.value === "all" ? undefined : statusFilter.value,
    since: rfc3339(since),
    until: until === null ? undefined : rfc3339(until),
  };
}

export const resets = computed(() => live.value.resets);
const stamp = (): string => `${mapTick.value}.${resets.value}`;

export const city = resource(() => ({ id: "city", ask: (signal) => api.city(signal) }));

onTopic("boundaries", () => city.retry(), BOUNDARIES_SETTLED_MS);

/** The area for which one acts, where that is a part of the city. */
export const homeArea = resource(() => {
  const code = activeGrant()?.area.code;
  if (code === undefined || levelOf(code) === "city") return null;
  return { id: `home${code}|`, ask: (signal) => api.area(code, signal) };
});

export const categoryList = resource(() => ({
  id: "categories",
  ask: async () => (await api.categories()).items,
}));

/** All areas of a level, page after page: the labels of the map. */
async function allAreas(wanted: Level, signal: AbortSignal): Promise<Area[]> {
  const items: Area[] = [];
  let cursor: string | undefined;
  do {
    const page = await api.areas({ level: wanted, limit: 1000, ...(cursor ? { cursor } : {}) }, signal);
    items.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return items;
}

const boundaryStamp = computed(() => `${city.value.value.data?.boundary_version ?? ""}.${resets.value}`);
const labelLevel = (wanted: Level, when: () => boolean = () => true) =>
  resource(() =>
    when() ? { id: `${wanted}|${boundaryStamp.value}`, ask: (signal) => allAreas(wanted, signal) } : null,
  );

export const districts = labelLevel("district");
export const subdistricts = labelLevel("subdistrict");
const nearSeen = signal(false);
export const wantCommunities = (): void => {
  nearSeen.value = true;
};
export const communities = labelLevel("community", () => nearSeen.value);

const boxText = (box: readonly number[]): string => box.map((degrees) => degrees.toFixed(6)).join(",");

export const list = resource<Paged<Incident>>(() => {
  const box = view.value;
  if (box === null || mode.value === "wall") return null;
  const query = { ...currentFilter(), bbox: boxText(box), limit: LIST_PAGE };
  return {
    id: `list|${JSON.stringify(query)}${listTick.value}.${resets.value}`,
    ask: (signal) => api.incidents(query, signal),
  };
});

/** A row's state changes where it stands; its place in the list does not. */
onChange((changed) =>
  list.patch((page) => ({
    ...page,
    items: page.items.map((item) => (item.no === changed.no ? { ...item, ...changed } : item)),
  })),
);

onLeft((no) => list.patch((page) => ({ ...page, items: page.items.filter((item) => item.no !== no) })));

export const loadingMore = signal(false);

/** Append the next page to the list. */
export async function loadMore(): Promise<void> {
  const box = view.peek();
  const cursor = list.value.peek().data?.next;
  if (!box || !cursor || loadingMore.peek()) return;
  loadingMore.value = true;
  try {
    const page = await api.incidents({ ...filter.peek(), bbox: boxText(box), limit: LIST_PAGE, cursor });
    list.patch((shown) => (shown.next === cursor ? { ...page, items: [...shown.items, ...page.items] } : shown));
  } catch {
    // The button stays where it is: pressing again is the retry.
  } finally {
    loadingMore.value = false;
  }
}

export const feed = resource<Paged<Incident>>(() => {
  if (mode.value !== "wall") return null;
  const query = { area: area.value || undefined, limit: WALL_FEED };
  return { id: `feed|${stamp()}`, ask: (signal) => api.incidents(query, signal) };
});

/** What Watch shows beside its list, asked for at once: every figure on the screen is of the same cases and minute. */
const look = resource<Figures>(() => {
  if (face.value !== "watch") return null;
  const wall = mode.value === "wall";
  const parts: FiguresPart[] = ["head", "histogram", wall ? "staffing" : "clocks"];
  if (layerOn("cells")) parts.push("counts");
  if (layerOn("heat")) parts.push("heat");
  const query: FiguresQuery = { ...lookWords(), parts };
  return {
    id: `look|${JSON.stringify(query)}${stamp()}.${ownDeeds.value}`,
    ask: (signal) => api.figures(query, signal),
  };
});

/** Live windows by their names: whoever asks in one minute then asks for the same, and the server counts once. */
function lookWords(): Omit<FiguresQuery, "parts"> {
  const { area: code, category, status } = filter.value;
  const shared = {
    area: code,
    category,
    status,
    level: level.value,
    measure: measure.value,
    bandwidth_m: layerOn("heat") ? bandwidth_m.value : undefined,
  };
  const chosen = timeWindow.value;
  if (isLive(chosen)) return { ...shared, window: chosen, buckets: BUCKETS[chosen] };
  const { since, until } = chosen;
  return { ...shared, since: rfc3339(since), until: rfc3339(until), around: BRUSH_ROOM, buckets: CUSTOM_BUCKETS };
}

/** The whole city keeps its colours while one area is looked at; the rest is only dimmed. */
export const counts = partOf(look, ({ counts: found }) =>
  layerOn("cells") && found?.level === level.value && found.measure === measure.value ? found : null,
);

export const histogram = partOf(look, (found) => found.histogram);

export interface HeadFigures {
  readonly today: number;
  readonly yesterdayByNow: number;
  readonly lastHour: number;
  readonly open: number;
  readonly gaps: number | null;
}

const isOfArea = (found: Figures): boolean => (found.area ?? 0) === area.value;

/** The figures at the head: for the chosen area, without the list's filters. */
export const figures = partOf(look, (found): HeadFigures | null => {
  if (!found.head || !isOfArea(found)) return null;
  const { today, yesterday_by_now, last_hour, open } = found.head;
  return { today, yesterdayByNow: yesterday_by_now, lastHour: last_hour, open, gaps: found.staffing_gaps ?? null };
});

export const clocksOfLook = partOf(look, (found) => (isOfArea(found) ? found.clocks : null));

export const heatLegend = partOf(look, (found) => (layerOn("heat") ? found.heat : null));

export const features = resource(() =>
  layerOn("river") ? { id: "features", ask: (signal) => api.features(signal) } : null,
);

/** The details of the selected case, area or station. */
export const incidentDetail = resource(() => {
  const chosen = selection.value;
  if (chosen?.kind !== "incident") return null;
  return {
    id: `i${chosen.no}|${refreshTick.value}.${resets.value}`,
    ask: (signal) => api.incidentByNumber(chosen.no, signal),
  };
});

export const responsible = resource(() => {
  const cell = incidentDetail.value.value.data?.cell_code;
  return cell ? { id: `r${cell}|`, ask: (signal) => api.area(cell, signal) } : null;
});

export const areaDetail = resource(() => {
  const chosen = selection.value;
  if (chosen?.kind !== "area") return null;
  return { id: `a${chosen.code}|${resets.value}`, ask: (signal) => api.area(chosen.code, signal) };
});

/** Counts of the selected area in the window and open, for its card. */
export const areaCounts = resource(() => {
  const chosen = selection.value;
  if (chosen?.kind !== "area") return null;
  const { since, until, category } = filter.value;
  const code = chosen.code;
  return {
    id: `c${code}|${since ?? ""}${until ?? ""}${category ?? ""}${stamp()}`,
    ask: async (signal) => {
      const [inWindow, open] = await Promise.all([
        api.histogram({ area: code, since, until, category }, 1, signal),
        api.counts("district", "open", { area: code, category }, signal),
      ]);
      return { inWindow: inWindow.total, open: open.n };
    },
  };
});

export const areaChildren = resource(() => {
  const chosen = selection.value;
  const detail = areaDetail.value.value.data;
  if (chosen?.kind !== "area" || detail?.code !== chosen.code || !detail.children) return null;
  return {
    id: `k${chosen.code}|`,
    ask: async (signal) => (await api.areas({ parent: chosen.code, limit: 1000 }, signal)).items,
  };
});

/** The chosen area (the breadcrumb) with its chain, and its outline for the map. */
export const crumbArea = resource(() => {
  const code = area.value;
  return code === 0 ? null : { id: `crumb${code}|`, ask: (signal) => api.area(code, signal) };
});

export const outline = resource(() => {
  const chosen = selection.value;
  const code = chosen?.kind === "area" ? chosen.code : area.value;
  return code === 0 ? null : { id: `outline${code}|`, ask: (signal) => api.boundary(code, signal) };
});

export const stationDetail = resource(() => {
  const chosen = selection.value;
  if (chosen?.kind !== "station") return null;
  const d = 0.0004;
  const bbox = boxText([chosen.lon - d, chosen.lat - d, chosen.lon + d, chosen.lat + d]);
  return {
    id: `s${chosen.id}|`,
    ask: async (signal) => {
      const { items } = await api.stations({ bbox, limit: 100 }, signal);
      return items.find((item) => item.station_id === chosen.id) ?? null;
    },
  };
});
