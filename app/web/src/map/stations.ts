/** Stations on the map: a sign for each kind, a plain mark where there are too many. */
import { numberOf } from "./decode";
import type { OverlayFrame } from "./overlay";
import type { Palette } from "./palette";
import { centreText, tilePoints, type SymbolPlan } from "./symbols";
import type { HeldTile } from "./tilegrid";

/** Index = kind index of the tiles. */
export const STATION_KINDS = [
  "city_centre",
  "sub_centre",
  "command_post",
  "workstation",
  "grid_post",
  "police_station",
  "anti_fraud_centre",
] as const;
const STATION_SIGNS: readonly string[] = ["市", "分", "所", "站", "格", "警", "诈"];
const STATION_SIZES: readonly number[] = [13, 11.5, 10, 8.5, 8, 10, 10];
/** From which zoom a kind has its sign; before that it is a plain small mark, so that a city full of them stays a map. */
const SIGN_FROM_ZOOM: readonly number[] = [8, 8, 12, 14, 15, 11, 11];
const MARK_SIZES: readonly number[] = [4, 4, 4, 3, 2, 4, 4];

function stationHalf(kind: number, zoom: number): number {
  return (zoom < (SIGN_FROM_ZOOM[kind] ?? 12) ? MARK_SIZES : STATION_SIZES)[kind] ?? 4;
}

export function stationSign(kind: string): string {
  return STATION_SIGNS[STATION_KINDS.findIndex((known) => known === kind)] ?? "·";
}

export function planStations(frame: OverlayFrame, held: readonly HeldTile[], palette: Palette): SymbolPlan {
  const points = [...tilePoints(held, frame.zoom)].map(({ x, y, feature }) => {
    const kind = numberOf(feature, "k");
    const half = stationHalf(kind, frame.zoom) * frame.scale;
    return { x, y, kind, half, id: numberOf(feature, "id") };
  });
  points.sort((a, b) => a.half - b.half);
  return {
    symbols: points.map(({ x, y, kind, half, id }) => ({
      x,
      y,
      radius: half,
      hit: { kind: "station", id, station: kind },
    })),
    draw: (ctx) => {
      centreText(ctx);
      for (const { x, y, half, kind } of points)
        drawStation(ctx, x - frame.originX, y - frame.originY, half, kind, frame.zoom, palette);
    },
  };
}

function drawStation(
  ctx: CanvasRenderingContext2D,
  x: number,
  y: number,
  half: number,
  kind: number,
  zoom: number,
  palette: Palette,
): void {
  const round = kind >= 5;
  // The few centres are filled; the many others stay quieter than the incidents.
  const strong = kind <= 1;
  const signed = zoom >= (SIGN_FROM_ZOOM[kind] ?? 12);
  ctx.beginPath();
  ctx.roundRect(x - half, y - half, half * 2, half * 2, round ? half : Math.min(3, half / 2));
  ctx.lineWidth = signed ? 3.5 : 2;
  ctx.strokeStyle = palette.halo;
  ctx.stroke();
  ctx.fillStyle = strong ? palette.text : signed ? palette.panel : palette.textSoft;
  ctx.fill();
  if (!signed) return;
  ctx.lineWidth = 1.4;
  ctx.strokeStyle = strong ? palette.text : palette.textSoft;
  ctx.stroke();
  ctx.fillStyle = strong ? palette.panel : palette.text;
  ctx.font = `600 ${Math.round(half * 1.25)}px ${palette.font}`;
  ctx.fillText(STATION_SIGNS[kind] ?? "·", x, y + 0.5);
}
