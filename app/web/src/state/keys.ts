/** The keyboard: one place, so that the help and the deeds cannot drift apart by much. */
import { shownFace } from "../faces";
import { back, listCursor, mapHandle, openIncident, startReport, toggleLayer, toggleWall } from "./actions";
import { list } from "./data";
import { faceKeys } from "./face";
import { goArea, goCity } from "./navigate";
import { crumbArea } from "./data";
import { area, helpOpen, hoverIncident } from "./store";
import { LAYERS } from "./url";

function typing(event: KeyboardEvent): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

function moveCursor(step: number): void {
  const items = list.value.peek().data?.items ?? [];
  if (items.length === 0) return;
  const at = items.findIndex((item) => item.no === listCursor.value);
  const next = items[at < 0 ? 0 : Math.max(0, Math.min(items.length - 1, at + step))];
  if (!next) return;
  listCursor.value = next.no;
  hoverIncident.value = { from: "list", no: next.no };
}

function openCursor(): void {
  const found = list.value.peek().data?.items.find((item) => item.no === listCursor.value);
  if (found) openIncident(found, true);
}

function goUp(): void {
  const chain = crumbArea.value.peek().data?.chain ?? [];
  const above = chain.filter((link) => link.code !== area.value && link.level !== "city");
  const parent = above[above.length - 1];
  if (parent) void goArea(parent.code, { fly: true });
  else goCity();
}

const focus = (id: string): void => document.getElementById(id)?.focus();

/** On every face. */
const COMMON: Readonly<Record<string, (event: KeyboardEvent) => void>> = {
  "/": (event) => {
    event.preventDefault();
    focus("search");
  },
  n: () => startReport(),
  "?": () => {
    helpOpen.value = true;
  },
};

const DEEDS: Readonly<Record<string, (event: KeyboardEvent) => void>> = {
  ...COMMON,
  j: () => moveCursor(1),
  k: () => moveCursor(-1),
  w: () => toggleWall(),
  u: () => goUp(),
  t: () => document.querySelector<HTMLElement>('#time-presets [tabindex="0"]')?.focus(),
  "+": () => mapHandle.value?.zoomBy(1),
  "=": () => mapHandle.value?.zoomBy(1),
  "-": () => mapHandle.value?.zoomBy(-1),
};

export function startKeys(): () => void {
  const onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || helpOpen.value) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") {
      if (typing(event)) (event.target as HTMLElement).blur();
      else if (shownFace.value) faceKeys.value?.["Escape"]?.(event);
      else back();
      return;
    }
    if (typing(event)) return;
    if (shownFace.value) {
      (faceKeys.value?.[event.key] ?? COMMON[event.key])?.(event);
      return;
    }
    const layer = LAYERS[Number(event.key) - 1];
    if (/^[1-9]$/.test(event.key) && layer) {
      toggleLayer(layer);
      return;
    }
    if (event.key === "Enter") {
      const onButton = event.target instanceof HTMLElement && event.target.closest("button, a, [role=option]") !== null;
      if (!onButton) openCursor();
      return;
    }
    DEEDS[event.key]?.(event);
  };
  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}
