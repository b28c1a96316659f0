/** The page's state as a query string: what one screen shows, another can be sent to. Unknown or broken parts fall back. */
import type { Measure } from "../api/types";
import { isAreaCode } from "./codes";
import { LEVEL_CHOICES, type LevelChoice } from "./levels";
import { customWindow, isLive, isPreset, type TimeWindow } from "./window";

export const LAYERS = ["cells", "outlines", "incidents", "heat", "stations", "assignments", "river"] as const;
export type LayerName = (typeof LAYERS)[number];

export type StatusFilter = "all" | "open" | "closed";
export type Lang = "zh" | "en";
export type Theme = "auto" | "dark" | "light";
export type Mode = "watch" | "wall";

/** What the page can show; each is a folder of `faces`. */
export const FACE_NAMES = [
  "watch",
  "cases",
  "plan",
  "disputes",
  "warnings",
  "standard",
  "users",
  "webhooks",
  "mailboxes",
  "audit",
] as const;
export type FaceName = (typeof FACE_NAMES)[number];
/** A face's own part of the address: `f.due=overdue` is `{ due: "overdue" }`. It ends with the face. */
export type FaceParams = Readonly<Record<string, string>>;

export type Selection =
  | { readonly kind: "incident"; readonly no: number }
  | { readonly kind: "area"; readonly code: number }
  | { readonly kind: "station"; readonly id: number; readonly lon: number; readonly lat: number };

export interface MapPlace {
  readonly lon: number;
  readonly lat: number;
  readonly zoom: number;
}

export interface PageState {
  readonly place: MapPlace | null;
  /** 0 = the whole city */
  readonly area: number;
  readonly layers: readonly LayerName[];
  readonly measure: Measure;
  readonly level: LevelChoice;
  readonly window: TimeWindow;
  readonly categories: readonly string[];
  readonly status: StatusFilter;
  readonly bandwidth_m: number;
  readonly selection: Selection | null;
  readonly lang: Lang;
  readonly theme: Theme;
  readonly mode: Mode;
  readonly face: FaceName;
  readonly params: FaceParams;
}

export const DEFAULT_LAYERS: readonly LayerName[] = ["cells", "outlines", "incidents", "river"];

export const DEFAULT_STATE: PageState = {
  place: null,
  area: 0,
  layers: DEFAULT_LAYERS,
  measure: "reported",
  level: "auto",
  window: "24h",
  categories: [],
  status: "all",
  bandwidth_m: 500,
  selection: null,
  lang: "zh",
  theme: "auto",
  mode: "watch",
  face: "watch",
  params: {},
};

const LAYER_LETTERS: Readonly<Record<LayerName, string>> = {
  cells: "c",
  outlines: "o",
  incidents: "i",
  heat: "h",
  stations: "s",
  assignments: "a",
  river: "r",
};

const PARAM = "f.";
const LONGEST_PARAM = 200;

export function encodeState(state: PageState): string {
  const parts: string[] = [];
  const put = (key: string, value: string): void => {
    parts.push(`${key}=${value}`);
  };
  if (state.face !== DEFAULT_STATE.face) put("face", state.face);
  if (state.place) {
    const { zoom, lat, lon } = state.place;
    put("map", `${zoom}/${lat.toFixed(5)}/${lon.toFixed(5)}`);
  }
  if (state.area !== 0) put("area", String(state.area));
  const letters = LAYERS.filter((name) => state.layers.includes(name))
    .map((name) => LAYER_LETTERS[name])
    .join("");
  if (letters !== DEFAULT_LAYERS.map((name) => LAYER_LETTERS[name]).join("")) put("layers", letters || "-");
  if (state.measure !== DEFAULT_STATE.measure) put("measure", state.measure);
  if (state.level !== DEFAULT_STATE.level) put("level", state.level);
  if (state.window !== DEFAULT_STATE.window) put("time", encodeWindow(state.window));
  if (state.categories.length > 0) put("category", state.categories.join(","));
  if (state.status !== DEFAULT_STATE.status) put("status", state.status);
  if (state.bandwidth_m !== DEFAULT_STATE.bandwidth_m) put("bandwidth", String(state.bandwidth_m));
  if (state.selection) put("sel", encodeSelection(state.selection));
  if (state.lang !== DEFAULT_STATE.lang) put("lang", state.lang);
  if (state.theme !== DEFAULT_STATE.theme) put("theme", state.theme);
  if (state.mode !== DEFAULT_STATE.mode) put("mode", state.mode);
  for (const [key, value] of Object.entries(state.params).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (value !== "") put(`${PARAM}${key}`, encodeURIComponent(value));
  }
  return parts.length > 0 ? `?${parts.join("&")}` : "";
}

export function decodeState(search: string, now: number): PageState {
  const query = new URLSearchParams(search);
  const d = DEFAULT_STATE;
  const area = Number(query.get("area") ?? 0);
  return {
    place: decodePlace(query.get("map")),
    area: isAreaCode(area) ? area : 0,
    layers: decodeLayers(query.get("layers")),
    measure: oneOf(["reported", "density", "open"], query.get("measure"), d.measure),
    level: oneOf(LEVEL_CHOICES, query.get("level"), d.level),
    window: decodeWindow(query.get("time"), now),
    categories: (query.get("category") ?? "").split(",").filter((code) => /^\d{2}(\d{2})?$/.test(code)),
    status: oneOf(["all", "open", "closed"], query.get("status"), d.status),
    bandwidth_m: decodeBandwidth(query.get("bandwidth")),
    selection: decodeSelection(query.get("sel")),
    lang: oneOf(["zh", "en"], query.get("lang"), d.lang),
    theme: oneOf(["auto", "dark", "light"], query.get("theme"), d.theme),
    mode: oneOf(["watch", "wall"], query.get("mode"), d.mode),
    face: oneOf(FACE_NAMES, query.get("face"), d.face),
    params: decodeParams(query),
  };
}

function decodeParams(query: URLSearchParams): FaceParams {
  const own = [...query].filter(
    ([key, value]) => /^f\.[a-z_]{1,20}$/.test(key) && value !== "" && value.length <= LONGEST_PARAM,
  );
  return Object.fromEntries(own.map(([key, value]) => [key.slice(PARAM.length), value]));
}

function oneOf<T extends string>(allowed: readonly T[], value: string | null, fallback: T): T {
  return allowed.find((candidate) => candidate === value) ?? fallback;
}

function decodePlace(value: string | null): MapPlace | null {
  const match = /^(\d{1,2})\/(-?\d+(?:\.\d+)?)\/(-?\d+(?:\.\d+)?)$/.exec(value ?? "");
  if (!match) return null;
  const zoom = Number(match[1]);
  const lat = Number(match[2]);
  const lon = Number(match[3]);
  if (zoom > 20 || Math.abs(lat) > 85 || Math.abs(lon) > 180) return null;
  return { zoom, lat, lon };
}

function decodeLayers(value: string | null): readonly LayerName[] {
  if (value === null) return DEFAULT_LAYERS;
  return LAYERS.filter((name) => value.includes(LAYER_LETTERS[name]));
}

function encodeWindow(window: TimeWindow): string {
  return isLive(window) ? window : `${Math.round(window.since / 1000)}-${Math.round(window.until / 1000)}`;
}

function decodeWindow(value: string | null, now: number): TimeWindow {
  if (value === null) return DEFAULT_STATE.window;
  if (isPreset(value)) return value;
  const match = /^(\d{9,11})-(\d{9,11})$/.exec(value);
  if (!match) return DEFAULT_STATE.window;
  return customWindow(Number(match[1]) * 1000, Number(match[2]) * 1000, now);
}

function decodeBandwidth(value: string | null): number {
  const metres = Number(value ?? NaN);
  return metres >= 100 && metres <= 5000 ? Math.round(metres) : DEFAULT_STATE.bandwidth_m;
}

function encodeSelection(selection: Selection): string {
  if (selection.kind === "incident") return `i${selection.no}`;
  if (selection.kind === "area") return `a${selection.code}`;
  return `s${selection.id}@${selection.lat.toFixed(5)},${selection.lon.toFixed(5)}`;
}

function decodeSelection(value: string | null): Selection | null {
  if (value === null) return null;
  const number = Number(value.slice(1));
  if (/^i\d{1,15}$/.test(value)) return { kind: "incident", no: number };
  if (/^a\d{15}$/.test(value) && isAreaCode(number)) return { kind: "area", code: number };
  const station = /^s(\d{1,15})@(-?\d+\.\d+),(-?\d+\.\d+)$/.exec(value);
  if (!station) return null;
  return { kind: "station", id: Number(station[1]), lat: Number(station[2]), lon: Number(station[3]) };
}
