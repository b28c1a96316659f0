/** Leaflet itself: zooms, panes, and nothing of what is drawn in them. */
import L from "leaflet";
import type { MapPlace } from "../state/url";

export const MIN_ZOOM = 8;
export const MAX_ZOOM = 18;

export function createMap(element: HTMLElement, place: MapPlace | null): L.Map {
  const map = L.map(element, {
    minZoom: MIN_ZOOM,
    maxZoom: MAX_ZOOM,
    zoomControl: false,
    attributionControl: false,
    keyboardPanDelta: 120,
    wheelPxPerZoomLevel: 110,
    maxBoundsViscosity: 0.8,
    zoomAnimation: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
    fadeAnimation: false,
  });
  const panes: readonly [string, number][] = [
    ["ground", 200],
    ["heat", 250],
    ["points", 300],
    ["symbols", 400],
    ["pointer", 450],
    ["rings", 460],
  ];
  for (const [name, z] of panes) {
    const pane = map.createPane(name);
    pane.style.zIndex = String(z);
    if (name !== "ground") pane.style.pointerEvents = "none";
  }
  if (place) map.setView([place.lat, place.lon], place.zoom);
  else map.setView([36.2, 103.6], 9);
  return map;
}
