/** The page's state: one signal per thing that can change. Modules read these; only `actions` writes most of them. */
import { batch, computed, effect, signal } from "@preact/signals";
import type { Measure } from "../api/types";
import { lang } from "../i18n";
import type { LevelChoice } from "./levels";
import { shownLevel } from "./levels";
import {
  decodeState,
  encodeState,
  type FaceName,
  type FaceParams,
  type LayerName,
  type MapPlace,
  type Mode,
  type PageState,
  type Selection,
  type StatusFilter,
  type Theme,
} from "./url";
import type { TimeWindow } from "./window";

const first = decodeState(window.location.search, Date.now());

export const place = signal<MapPlace | null>(first.place);
/** west, south, east, north of the map on screen; null before the map stands */
export const view = signal<readonly [number, number, number, number] | null>(null);
export const area = signal(first.area);
export const layers = signal<readonly LayerName[]>(first.layers);
export const measure = signal<Measure>(first.measure);
export const levelChoice = signal<LevelChoice>(first.level);
export const timeWindow = signal<TimeWindow>(first.window);
export const categories = signal<readonly string[]>(first.categories);
export const statusFilter = signal<StatusFilter>(first.status);
export const bandwidth_m = signal(first.bandwidth_m);
export const selection = signal<Selection | null>(first.selection);
export const theme = signal<Theme>(first.theme);
export const mode = signal<Mode>(first.mode);
/** What the address asks for; `faces/index.ts` says what is shown of it. */
export const face = signal<FaceName>(first.face);
export const faceParams = signal<FaceParams>(first.params);
lang.value = first.lang;

export interface Hover {
  /** where the pointer is: the other side answers */
  readonly from: "map" | "list";
  readonly no: number;
}

export const hoverIncident = signal<Hover | null>(null);
/** the area under the pointer on the map */
export const hoverArea = signal<number | null>(null);
export const helpOpen = signal(false);
export const layersOpen = signal(false);
export const panelOpen = signal(readFlag("panel", true));
export const railOpen = signal(readFlag("rail", true));
/** how far the phone's bottom sheet is out */
export const sheet = signal<"low" | "half" | "full">("low");
export const phone = signal(window.matchMedia("(max-width: 720px)").matches);
/** ticks once a second; for ages and clocks only */
export const nowTick = signal(Date.now());
/** grows when figures and lists should be asked again */
export const refreshTick = signal(0);
let mapTickBefore = 0;
/** The same for what only the map's face shows: it stands still while another face covers it. */
export const mapTick = computed(() => {
  if (face.value === "watch") mapTickBefore = refreshTick.value;
  return mapTickBefore;
});
/** grows when this page itself did something to a case: lists are asked again at once */
export const ownDeeds = signal(0);
/** grows when the list may be asked again; never by itself, so that rows do not jump under the pointer */
export const listTick = signal(0);

export const zoom = computed(() => place.value?.zoom ?? 9);
export const level = computed(() => shownLevel(levelChoice.value, zoom.value));
export const layerOn = (name: LayerName): boolean => layers.value.includes(name);
export const resolvedTheme = computed<"dark" | "light">(() => {
  if (theme.value !== "auto") return theme.value;
  if (mode.value === "wall") return "dark";
  return systemDark.value ? "dark" : "light";
});

const darkQuery = window.matchMedia("(prefers-color-scheme: dark)");
export const systemDark = signal(darkQuery.matches);
darkQuery.addEventListener("change", () => (systemDark.value = darkQuery.matches));
const phoneQuery = window.matchMedia("(max-width: 720px)");
phoneQuery.addEventListener("change", () => (phone.value = phoneQuery.matches));

export const pageState = computed<PageState>(() => ({
  place: place.value,
  area: area.value,
  layers: layers.value,
  measure: measure.value,
  level: levelChoice.value,
  window: timeWindow.value,
  categories: categories.value,
  status: statusFilter.value,
  bandwidth_m: bandwidth_m.value,
  selection: selection.value,
  lang: lang.value,
  theme: theme.value,
  mode: mode.value,
  face: face.value,
  params: faceParams.value,
}));

/** Set every signal from an address, for the browser's back and forward. */
export function restore(state: PageState): void {
  batch(() => restoreAll(state));
}

function restoreAll(state: PageState): void {
  place.value = state.place;
  area.value = state.area;
  layers.value = state.layers;
  measure.value = state.measure;
  levelChoice.value = state.level;
  timeWindow.value = state.window;
  categories.value = state.categories;
  statusFilter.value = state.status;
  bandwidth_m.value = state.bandwidth_m;
  selection.value = state.selection;
  lang.value = state.lang;
  theme.value = state.theme;
  mode.value = state.mode;
  face.value = state.face;
  faceParams.value = state.params;
}

/** Keep the address in step. A new area, face or selection is a step to go back to; a pan or a filter is not. */
export function syncUrl(onRestore: () => void): void {
  let stepped = stepKey(pageState.peek());
  effect(() => {
    const state = pageState.value;
    const url = window.location.pathname + encodeState(state);
    if (url === window.location.pathname + window.location.search) return;
    const key = stepKey(state);
    if (key === stepped) window.history.replaceState(null, "", url);
    else window.history.pushState(null, "", url);
    stepped = key;
  });
  window.addEventListener("popstate", () => {
    const state = decodeState(window.location.search, Date.now());
    stepped = stepKey(state);
    restore(state);
    onRestore();
  });
}

function stepKey(state: PageState): string {
  return JSON.stringify([state.area, state.selection, state.mode, state.face, state.params["sel"]]);
}

function readFlag(name: string, fallback: boolean): boolean {
  try {
    const kept = window.localStorage.getItem(`minqing.${name}`);
    return kept === null ? fallback : kept === "1";
  } catch {
    return fallback;
  }
}

function keepFlag(name: string, value: boolean): void {
  try {
    window.localStorage.setItem(`minqing.${name}`, value ? "1" : "0");
  } catch {
    // A browser that keeps nothing still shows the page.
  }
}

effect(() => keepFlag("panel", panelOpen.value));
effect(() => keepFlag("rail", railOpen.value));
