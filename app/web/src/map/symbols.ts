/** Symbols over the ground: incidents (bins far, single near), stations, who is on duty. Also the list to hit-test. */
import type { Incident } from "../api/types";
import { clusterRadius, gather, type BinPoint } from "./cluster";
import type { CollisionGrid } from "./collision";
import { centredBox } from "./collision";
import { numberOf } from "./decode";
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

/** Points are single from this zoom on; the tiles decide the same way. */
export const SINGLE_FROM_ZOOM = 13;
const CLUSTER_PX = 56;

interface TilePoint {
  readonly x: number;
  readonly y: number;
  readonly properties: HeldTile["tile"]["features"][number];
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
        yield { x: left + x * scale, y: top + y * scale, properties: feature };
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
export function drawSingles(
  frame: OverlayFrame,
  held: readonly HeldTile[],
  fresh: readonly Incident[],
  stageIndex: (stage: string) => number,
  palette: Palette,
): DrawnSymbol[] {
  const points: { x: number; y: number; no: number; stage: number; severity: number }[] = [];
  const seen = new Set<number>();
  for (const { x, y, properties } of tilePoints(held, frame.zoom)) {
    const no = numberOf(properties, "no");
    seen.add(no);
    points.push({ x, y, no, stage: numberOf(properties, "s"), severity: numberOf(properties, "v", 2) });
  }
  for (const incident of fresh) {
    if (seen.has(incident.no)) continue;
    const x = worldX(incident.lon, frame.zoom);
    const y = worldY(incident.lat, frame.zoom);
    points.push({ x, y, no: incident.no, stage: stageIndex(incident.stage), severity: incident.severity });
  }
  const weight = (p: { stage: number; severity: number }): number => (p.stage === 5 ? 0 : 10) + p.severity;
  points.sort((a, b) => weight(a) - weight(b));
  return points.map((point) => {
    const radius = symbolRadius(frame.zoom, point.severity);
    const image = sprite(point.stage, radius, point.severity >= 4 && point.stage !== 5, palette);
    const half = radius * 1.3 + 4;
    const x = point.x - frame.originX - half;
    const y = point.y - frame.originY - half;
    frame.ctx.drawImage(image, x, y, half * 2, half * 2);
    return { x: point.x, y: point.y, radius, hit: { kind: "incident", no: point.no } };
  });
}

/** Incidents far: circles with counts, an arc for the share still open. Labels keep clear of them. */
export function drawClusters(
  frame: OverlayFrame,
  held: readonly HeldTile[],
  fresh: readonly Incident[],
  palette: Palette,
  taken: CollisionGrid,
  format: (n: number) => string,
): DrawnSymbol[] {
  const bins: BinPoint[] = [];
  for (const { x, y, properties } of tilePoints(held, frame.zoom)) {
    bins.push({ x, y, n: numberOf(properties, "n", 1), open: numberOf(properties, "o") });
  }
  for (const { lon, lat } of fresh) bins.push({ x: worldX(lon, frame.zoom), y: worldY(lat, frame.zoom), n: 1, open: 1 });
  const { ctx } = frame;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  return gather(bins, CLUSTER_PX).map((cluster) => {
    const radius = cluster.n === 1 ? 5 : clusterRadius(cluster.n);
    const x = cluster.x - frame.originX;
    const y = cluster.y - frame.originY;
    drawCluster(ctx, x, y, radius, cluster.n, cluster.open / cluster.n, palette, format);
    if (radius > 8) taken.block(centredBox(x, y, radius * 1.5, radius * 1.5));
    return { x: cluster.x, y: cluster.y, radius, hit: { kind: "cluster", n: cluster.n, open: cluster.open } };
  });
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
): void {
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.fillStyle = palette.panel;
  ctx.globalAlpha = 0.9;
  ctx.fill();
  ctx.globalAlpha = 1;
  ctx.lineWidth = 2.2;
  ctx.strokeStyle = palette.line;
  ctx.stroke();
  if (open > 0) {
    ctx.beginPath();
    ctx.arc(x, y, radius, -Math.PI / 2, -Math.PI / 2 + Math.min(1, open) * 2 * Math.PI);
    ctx.strokeStyle = palette.open;
    ctx.stroke();
  }
  if (radius < 8) return;
  ctx.fillStyle = palette.text;
  ctx.font = `600 ${radius > 16 ? 13 : 12}px ${palette.font}`;
  ctx.fillText(format(n), x, y + 0.5);
}

/** Index = kind index of the tiles. */
export const STATION_KINDS = [
  "city_centre", "sub_centre", "command_post", "workstation", "grid_post", "police_station", "anti_fraud_centre",
] as const;
const STATION_SIGNS: readonly string[] = ["市", "分", "所", "站", "格", "警", "诈"];
const STATION_SIZES: readonly number[] = [13, 11.5, 10, 8.5, 8, 10, 10];

export function stationSign(kind: string): string {
  return STATION_SIGNS[STATION_KINDS.findIndex((known) => known === kind)] ?? "·";
}

export function drawStations(frame: OverlayFrame, held: readonly HeldTile[], palette: Palette): DrawnSymbol[] {
  const { ctx } = frame;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  const drawn: DrawnSymbol[] = [];
  const points = [...tilePoints(held, frame.zoom)].map((point) => ({
    ...point, kind: numberOf(point.properties, "k"), id: numberOf(point.properties, "id"),
  }));
  points.sort((a, b) => (STATION_SIZES[a.kind] ?? 0) - (STATION_SIZES[b.kind] ?? 0));
  for (const { x, y, kind, id } of points) {
    const half = (STATION_SIZES[kind] ?? 8) * (frame.zoom < 12 ? 0.9 : 1);
    drawStation(ctx, x - frame.originX, y - frame.originY, half, kind, palette);
    drawn.push({ x, y, radius: half, hit: { kind: "station", id, station: kind } });
  }
  return drawn;
}

function drawStation(
  ctx: CanvasRenderingContext2D,
  x: number,
  y: number,
  half: number,
  kind: number,
  palette: Palette,
): void {
  const police = kind >= 5;
  ctx.beginPath();
  ctx.roundRect(x - half, y - half, half * 2, half * 2, police ? half : 3);
  ctx.lineWidth = 2.5;
  ctx.strokeStyle = palette.halo;
  ctx.stroke();
  ctx.fillStyle = police ? palette.panel : palette.text;
  ctx.fill();
  if (police) {
    ctx.lineWidth = 1.5;
    ctx.strokeStyle = palette.text;
    ctx.stroke();
  }
  ctx.fillStyle = police ? palette.text : palette.panel;
  ctx.font = `600 ${Math.round(half * 1.25)}px ${palette.font}`;
  ctx.fillText(STATION_SIGNS[kind] ?? "·", x, y + 0.5);
}

/** Who is on duty: a small pill with the head count; a triangle marks areas below the staffing rule. */
export function drawAssignments(frame: OverlayFrame, held: readonly HeldTile[], palette: Palette): DrawnSymbol[] {
  const { ctx } = frame;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  const drawn: DrawnSymbol[] = [];
  for (const { x, y, properties } of tilePoints(held, frame.zoom)) {
    const workers = numberOf(properties, "g");
    const police = numberOf(properties, "p");
    const ok = numberOf(properties, "ok", 1) !== 0;
    const px = x - frame.originX;
    const py = y - frame.originY + (frame.zoom >= 15 ? 18 : 0);
    drawHeads(ctx, px, py, workers + police, ok, palette);
    drawn.push({
      x,
      y: y + (frame.zoom >= 15 ? 18 : 0),
      radius: 9,
      hit: { kind: "assignment", code: numberOf(properties, "code"), workers, police, ok },
    });
  }
  return drawn;
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
