/** What a user can do, by name: panels and keys call these. */
import { askPassword } from "./password";
import { may, watching } from "./session";
import { batch, effect, signal } from "@preact/signals";
import type { Incident } from "../api/types";
import { goFace } from "./face";
import { keepDraft, newDraft, readDraft, type Draft } from "./draft";
import { markSeen } from "./livefeed";
import {
  categories,
  face,
  hoverIncident,
  layers,
  listTick,
  mode,
  phone,
  resolvedTheme,
  selection,
  sheet,
  statusFilter,
  theme,
  timeWindow,
} from "./store";
import { LAYERS, type LayerName, type MapPlace, type Selection } from "./url";

/** What panels ask of the map; the map sets itself here when it stands. */
export interface MapHandle {
  fly: (bbox: readonly [number, number, number, number], maxZoom?: number) => void;
  show: (lon: number, lat: number, minZoom: number) => void;
  jump: (place: MapPlace) => void;
  centre: () => { lon: number; lat: number };
  zoomBy: (steps: number) => void;
}

export const mapHandle = signal<MapHandle | null>(null);

/** null: no report in the making. It outlives a reload, with its id: a report sent twice is counted once. */
export const draft = signal<Draft | null>(readDraft());
effect(() => keepDraft(draft.value));
export const listCursor = signal<number | null>(null);

export function toggleLayer(name: LayerName): void {
  const on = layers.value.includes(name);
  let next = on ? layers.value.filter((other) => other !== name) : [...layers.value, name];
  // Two colour scales on one surface tell nothing: shading and heat take turns.
  if (!on && name === "heat") next = next.filter((other) => other !== "cells");
  if (!on && name === "cells") next = next.filter((other) => other !== "heat");
  layers.value = LAYERS.filter((other) => next.includes(other));
}

export function select(chosen: Selection | null): void {
  selection.value = chosen;
  if (chosen && draft.value) draft.value = null;
  if (phone.value) sheet.value = chosen ? "half" : "low";
}

export function openIncident(incident: Pick<Incident, "no" | "lon" | "lat">, move: boolean): void {
  batch(() => {
    select({ kind: "incident", no: incident.no });
    if (move) mapHandle.value?.show(incident.lon, incident.lat, 13);
  });
}

/** The case on the map, wherever one looks at it. */
export function showOnMap(incident: Pick<Incident, "lon" | "lat">): void {
  goFace("watch");
  if (phone.value) sheet.value = "low";
  mapHandle.value?.show(incident.lon, incident.lat, 15);
}

export function startReport(): void {
  if (!may("report_incident")) return;
  if (watching.peek()) {
    void askPassword("watching").then((right) => right && startReport());
    return;
  }
  if (face.peek() !== "watch") goFace("watch");
  draft.value = newDraft();
  selection.value = null;
  if (phone.value) sheet.value = "low";
}

export function endReport(): void {
  draft.value = null;
  if (phone.value) sheet.value = "low";
}

export function placeDraft(lon: number, lat: number): void {
  const now = draft.value;
  if (!now) return;
  draft.value = { ...now, lon, lat };
  if (phone.value) sheet.value = "full";
}

export function showFresh(): void {
  markSeen();
  listTick.value++;
}

export function clearFilters(): void {
  categories.value = [];
  statusFilter.value = "all";
}

export function toggleWall(): void {
  mode.value = mode.value === "wall" ? "watch" : "wall";
}

export function toggleTheme(): void {
  theme.value = resolvedTheme.value === "dark" ? "light" : "dark";
}

export { toggleLang } from "./language";

export function backToNow(): void {
  timeWindow.value = "24h";
}

/** Esc: close the nearest thing that is open. Returns false when nothing was. */
export function back(): boolean {
  hoverIncident.value = null;
  if (draft.value) {
    endReport();
    return true;
  }
  if (selection.value) {
    select(null);
    return true;
  }
  if (mode.value === "wall") {
    mode.value = "watch";
    return true;
  }
  return false;
}
