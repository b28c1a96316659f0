/** The map's place in the workbench's part of the address: `14_36.06110_103.83430`. */
import type { MapPlace } from "../../../state/url";

export function viewText({ zoom, lat, lon }: MapPlace): string {
  return `${zoom}_${lat.toFixed(5)}_${lon.toFixed(5)}`;
}

export function readView(text: string): MapPlace | null {
  const match = /^(\d{1,2})_(-?\d{1,2}(?:\.\d+)?)_(-?\d{1,3}(?:\.\d+)?)$/.exec(text);
  if (!match) return null;
  const [zoom, lat, lon] = [Number(match[1]), Number(match[2]), Number(match[3])];
  return zoom > 20 || Math.abs(lat) > 85 || Math.abs(lon) > 180 ? null : { zoom, lat, lon };
}
