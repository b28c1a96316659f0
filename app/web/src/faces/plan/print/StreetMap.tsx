/** A street's cells as lines on paper: today's and the plan's, on one scale, with the numbers of the cells. */
import type { JSX } from "preact";
import { cellNumber } from "../../../state/codes";
import { boxOf, ringsOf, type Ring } from "../panels/rings";
import type { Outline } from "./types";

const WIDTH = 340;
const MOST_HEIGHT = 300;
const MARGIN = 3;
/** A number is written where it has room. */
const LEAST_LABEL = 13;

interface Frame {
  readonly height: number;
  readonly x: (lon: number) => number;
  readonly y: (lat: number) => number;
}

/** How degrees come onto the paper: north is up, a metre is as long in both directions. Pure. */
export function frameOf(rings: readonly Ring[]): Frame | null {
  const box = boxOf(rings);
  if (!box) return null;
  const [west, south, east, north] = box;
  const shrink = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const wide = Math.max((east - west) * shrink, 1e-9);
  const high = Math.max(north - south, 1e-9);
  const scale = Math.min((WIDTH - 2 * MARGIN) / wide, (MOST_HEIGHT - 2 * MARGIN) / high);
  const left = (WIDTH - wide * scale) / 2;
  return {
    height: high * scale + 2 * MARGIN,
    x: (lon) => left + (lon - west) * shrink * scale,
    y: (lat) => MARGIN + (north - lat) * scale,
  };
}

export function StreetMap({
  label,
  outlines,
  frame,
  mark = false,
}: {
  label: string;
  outlines: readonly Outline[];
  frame: Frame;
  /** whether changed cells are set off */
  mark?: boolean;
}): JSX.Element {
  const path = (rings: readonly Ring[]): string =>
    rings
      .map((ring) => `M${ring.map(([lon, lat]) => `${frame.x(lon).toFixed(1)} ${frame.y(lat).toFixed(1)}`).join("L")}Z`)
      .join("");
  return (
    <svg class="street-map" viewBox={`0 0 ${WIDTH} ${frame.height.toFixed(1)}`} role="img" aria-label={label}>
      {outlines.map(({ code, changed, geometry }) => (
        <path key={code} class={mark && changed ? "changed" : ""} d={path(ringsOf(geometry))} />
      ))}
      {outlines.map(({ code, geometry }) => {
        const box = boxOf(ringsOf(geometry));
        if (!box) return null;
        const [west, south, east, north] = box;
        if (frame.x(east) - frame.x(west) < LEAST_LABEL) return null;
        return (
          <text key={code} x={frame.x((west + east) / 2)} y={frame.y((south + north) / 2) + 2}>
            {cellNumber(code)}
          </text>
        );
      })}
    </svg>
  );
}
