/** Symbols over the ground: incidents (bins far, single near), stations, who is on duty. Also the list to hit-test. */
import type { Incident } from "../api/types";
import { CLUSTER_PX, clusterRadius, gather, stacks, type BinPoint, type Stack } from "./cluster";
import { numberOf, type TileFeature } from "./decode";
import type { OverlayFrame } from "./overlay";
import type { Palette } from "./palette";
import { worldX, worldY } from "./project";
import { STAGE_SHAPES, traceShape } from "./shapes";
import { pixelRatio, TILE_PX, type HeldTile } from "./tilegrid";

export type SymbolHit =
  | { readonly kind: "incident"; readonly no: number }
  | { readonly kind: "cluster"; readonly n: number; readonly open: number }
  | { readonly kind: "station"; readonly id: number; readonly station: number }
  | { readonly kind: "assignment"; readonly code: number; readonly workers: number; readonly police: number; readonly ok: boolean };

/** A symbol as drawn, in world px of the zoom it was drawn for. */
export interface DrawnSymbol {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly hit: SymbolHit;
}

/** What will be drawn and where; names are placed in between, so that they keep clear of it. */
export interface SymbolPlan {
  readonly symbols: readonly DrawnSymbol[];
  readonly draw: (ctx: CanvasRenderingContext2D) => void;
}

/** Points are single from this zoom on; the tiles decide the same way. */
export const SINGLE_FROM_ZOOM = 13;

interface TilePoint {
  readonly x: number;
  readonly y: number;
  readonly feature: TileFeature;
}

/** Points inside their own tile (the buffer's belong to the neighbour), in world px of `zoom`. */
function* tilePoints(held: readonly HeldTile[], zoom: number): Generator<TilePoint> {
  for (const { coords, tile } of held) {
    const factor = 2 ** (zoom - coords.z);
    const scale = (TILE_PX / tile.extent) * factor;
    const left = coords.x * TILE_PX * factor;
    const top = coords.y * TILE_PX * factor;
    for (const feature of tile.features) {
      if (feature.type !== 1) continue;
      for (let i = 0; i < feature.xy.length; i += 2) {
        const x = feature.xy[i] ?? 0;
        const y = feature.xy[i + 1] ?? 0;
        if (x < 0 || y < 0 || x >= tile.extent || y >= tile.extent) continue;
        yield { x: left + x * scale, y: top + y * scale, feature };
      }
    }
  }
}

export function symbolRadius(zoom: number, severity: number): number {
  const base = zoom <= 13 ? 4.2 : zoom === 14 ? 5 : zoom === 15 ? 6 : 7;
  return base * (severity >= 4 ? 1.3 : severity === 3 ? 1.12 : severity <= 1 ? 0.85 : 1);
}

const sprites = new Map<string, HTMLCanvasElement>();

export function clearSprites(): void {
  sprites.clear();
}

/** A stage symbol drawn once and stamped many times: hundreds cost about a millisecond. */
function sprite(stage: number, radius: number, critical: boolean, palette: Palette): HTMLCanvasElement {
  const ratio = pixelRatio();
  const key = `${stage}/${radius}/${critical}/${ratio}`;
  const known = sprites.get(key);
  if (known) return known;
  const canvas = document.createElement("canvas");
  const half = radius * 1.3 + 4;
  canvas.width = Math.ceil(half * 2 * ratio);
  canvas.height = canvas.width;
  const ctx = canvas.getContext("2d");
  if (ctx) {
    ctx.scale(canvas.width / (half * 2), canvas.width / (half * 2));
    drawStage(ctx, stage, half, half, radius, critical, palette);
  }
  sprites.set(key, canvas);
  return canvas;
}

export function drawStage(
  ctx: CanvasRenderingContext2D,
  stage: number,
  x: number,
  y: number,
  radius: number,
  critical: boolean,
  palette: Palette,
): void {
  const shape = STAGE_SHAPES[stage] ?? "circle";
  const colour = palette.stages[stage] ?? palette.text;
  ctx.lineJoin = "round";
  ctx.beginPath();
  traceShape(ctx, shape, x, y, shape === "ring" ? radius * 0.72 : radius);
  ctx.lineWidth = shape === "ring" ? 4.2 : 3;
  ctx.strokeStyle = palette.halo;
  ctx.stroke();
  if (shape === "ring") {
    ctx.lineWidth = 1.8;
    ctx.strokeStyle = colour;
    ctx.stroke();
  } else {
    ctx.fillStyle = colour;
    ctx.fill();
  }
  if (!critical) return;
  ctx.beginPath();
  ctx.arc(x, y, radius * 1.3 + 2.2, 0, 2 * Math.PI);
  ctx.lineWidth = 1.6;
  ctx.strokeStyle = colour;
  ctx.stroke();
}

/** Incidents near: one symbol each, closed ones under open ones, grave ones on top. */
export function planSingles(
  frame: OverlayFrame,
  held: readonly HeldTile[],
  fresh: readonly Incident[],
  stageIndex: (stage: string) => number,
  palette: Palette,
): SymbolPlan {
  const points: { x: number; y: number; no: number; stage: number; severity: number }[] = [];
  const seen = new Set<number>();
  for (const { x, y, feature } of tilePoints(held, frame.zoom)) {
    const no = numberOf(feature, "no");
    seen.add(no);
    points.push({ x, y, no, stage: numberOf(feature, "s"), severity: numberOf(feature, "v", 2) });
  }
  for (const incident of fresh) {
    if (seen.has(incident.no)) continue;
    const x = worldX(incident.lon, frame.zoom);
    const y = worldY(incident.lat, frame.zoom);
    points.push({ x, y, no: incident.no, stage: stageIndex(incident.stage), severity: incident.severity });
  }
  const weight = (p: { stage: number; severity: number }): number => (p.stage === 5 ? 0 : 10) + p.severity;
  points.sort((a, b) => weight(a) - weight(b));
  const symbols = points.map(({ x, y, no, severity }): DrawnSymbol => {
    return { x, y, radius: symbolRadius(frame.zoom, severity) * frame.scale, hit: { kind: "incident", no } };
  });
  return {
    symbols,
    draw: (ctx) => {
      points.forEach(({ x, y, stage, severity }, i) => {
        const radius = symbols[i]?.radius ?? 0;
        const image = sprite(stage, radius, severity >= 4 && stage !== 5, palette);
        const half = radius * 1.3 + 4;
        ctx.drawImage(image, x - frame.originX - half, y - frame.originY - half, half * 2, half * 2);
      });
      drawStacks(frame, stacks(symbols), palette);
    },
  };
}

function drawStacks(frame: OverlayFrame, all: readonly Stack[], palette: Palette): void {
  const { ctx } = frame;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.font = `600 ${12 * frame.scale}px ${palette.font}`;
  ctx.lineJoin = "round";
  ctx.lineWidth = 3 * frame.scale;
  ctx.strokeStyle = palette.halo;
  ctx.fillStyle = palette.text;
  for (const { x, y, radius, n } of all) {
    const left = x - frame.originX + radius + 2;
    const top = y - frame.originY - radius;
    ctx.strokeText(`×${n}`, left, top);
    ctx.fillText(`×${n}`, left, top);
  }
}

/** Incidents far: circles with counts, an arc for the share still open. Labels keep clear of them. */
export function planClusters(
  frame: OverlayFrame,
  held: readonly HeldTile[],
  fresh: readonly Incident[],
  palette: Palette,
  format: (n: number) => string,
): SymbolPlan {
  const bins: BinPoint[] = [];
  for (const { x, y, feature } of tilePoints(held, frame.zoom)) {
    bins.push({ x, y, n: numberOf(feature, "n", 1), open: numberOf(feature, "o") });
  }
  for (const { lon, lat } of fresh) bins.push({ x: worldX(lon, frame.zoom), y: worldY(lat, frame.zoom), n: 1, open: 1 });
  const clusters = gather(bins, CLUSTER_PX * frame.scale);
  const symbols = clusters.map(({ x, y, n, open }): DrawnSymbol => {
    return { x, y, radius: clusterRadius(n) * frame.scale, hit: { kind: "cluster", n, open } };
  });
  return {
    symbols,
    draw: (ctx) => {
      centreText(ctx);
      clusters.forEach(({ x, y, n, open }, i) => {
        drawCluster(ctx, x - frame.originX, y - frame.originY, symbols[i]?.radius ?? 0, n, open / n, palette, format, frame.scale);
      });
    },
  };
}

function centreText(ctx: CanvasRenderingContext2D): void {
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
}

function drawCluster(
  ctx: CanvasRenderingContext2D,
  x: number,
  y: number,
  radius: number,
  n: number,
  open: number,
  palette: Palette,
  format: (n: number) => string,
  scale: number,
): void {
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.fillStyle = palette.panel;
  ctx.globalAlpha = 0.9;
  ctx.fill();
  ctx.globalAlpha = 1;
  ctx.lineWidth = 2.2 * scale;
  ctx.strokeStyle = palette.stages[5] ?? palette.line;
  ctx.stroke();
  if (open > 0) {
    ctx.beginPath();
    ctx.arc(x, y, radius, -Math.PI / 2, -Math.PI / 2 + Math.min(1, open) * 2 * Math.PI);
    ctx.strokeStyle = palette.open;
    ctx.stroke();
  }
  if (radius < 8 * scale) return;
  ctx.fillStyle = palette.text;
  ctx.font = `600 ${(radius > 16 * scale ? 13 : 12) * scale}px ${palette.font}`;
  ctx.fillText(format(n), x, y + 0.5);
}

/** Index = kind index of the tiles. */
export const STATION_KINDS = [
  "city_centre", "sub_centre", "command_post", "workstation", "grid_post", "police_station", "anti_fraud_centre",
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
    symbols: points.map(({ x, y, kind, half, id }) => ({ x, y, radius: half, hit: { kind: "station", id, station: kind } })),
    draw: (ctx) => {
      centreText(ctx);
      for (const { x, y, half, kind } of points) drawStation(ctx, x - frame.originX, y - frame.originY, half, kind, frame.zoom, palette);
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

/** Who is on duty: a small pill with the head count; a triangle marks areas below the staffing rule. */
export function planAssignments(frame: OverlayFrame, held: readonly HeldTile[], palette: Palette): SymbolPlan {
  // Near, the point also carries the cell's number: the pill steps aside.
  const aside = frame.zoom >= 15 ? 18 : 0;
  const points = [...tilePoints(held, frame.zoom)].map(({ x, y, feature }) => {
    const workers = numberOf(feature, "g");
    const police = numberOf(feature, "p");
    const ok = numberOf(feature, "ok", 1) !== 0;
    return { x, y: y + aside, code: numberOf(feature, "code"), workers, police, ok };
  });
  return {
    symbols: points.map(({ x, y, ...who }) => ({ x, y, radius: 9, hit: { kind: "assignment", ...who } })),
    draw: (ctx) => {
      centreText(ctx);
      for (const { x, y, workers, police, ok } of points) {
        drawHeads(ctx, x - frame.originX, y - frame.originY, workers + police, ok, palette);
      }
    },
  };
}

function drawHeads(
  ctx: CanvasRenderingContext2D,
  x: number,
  y: number,
  heads: number,
  ok: boolean,
  palette: Palette,
): void {
  ctx.beginPath();
  if (ok) {
    traceShape(ctx, "circle", x, y, 8);
  } else {
    traceShape(ctx, "triangle", x, y - 1, 11);
  }
  ctx.lineWidth = 3;
  ctx.strokeStyle = palette.halo;
  ctx.stroke();
  ctx.fillStyle = ok ? palette.panel : palette.short;
  ctx.fill();
  ctx.lineWidth = 1.2;
  ctx.strokeStyle = ok ? palette.textSoft : palette.halo;
  ctx.stroke();
  ctx.fillStyle = ok ? palette.text : palette.ground;
  ctx.font = `600 11px ${palette.font}`;
  ctx.fillText(String(heads), x, y + (ok ? 0.5 : 2));
}
