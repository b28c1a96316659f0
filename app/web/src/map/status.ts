/** What the map tells the panels: the state of each layer's tiles, and the classes it shows. */
import { signal } from "@preact/signals";
import type { LayerName } from "../state/url";
import type { Scale } from "./ramp";
import type { Problem } from "../api/problem";

export interface GridStatus {
  readonly loading: boolean;
  readonly error: Problem | null;
  /** local time of the last tile that came in; 0 before the first */
  readonly at: number;
}

const IDLE: GridStatus = { loading: false, error: null, at: 0 };

export const layerStatus = signal<Readonly<Record<LayerName, GridStatus>>>({
  cells: IDLE,
  outlines: IDLE,
  incidents: IDLE,
  heat: IDLE,
  stations: IDLE,
  assignments: IDLE,
  river: IDLE,
});

export function setStatus(name: LayerName, status: GridStatus): void {
  const { loading, error, at } = status;
  layerStatus.value = { ...layerStatus.peek(), [name]: { loading, error, at } };
}

/** The classes on the map now, for the legend. */
export const shownScale = signal<{ readonly scale: Scale; readonly colours: readonly string[] }>({
  scale: { lower: [], max: 0 },
  colours: [],
});
