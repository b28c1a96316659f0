/** Incidents on the map: single symbols near, circles with counts far. */
import type { Incident } from "../api/types";
import { CLUSTER_PX, clusterRadius, gather, stacks, type BinPoint, type Stack } from "./cluster";
import { numberOf } from "./decode";
import type { OverlayFrame } from "./overlay";
import type { Palette } from "./palette";
import { worldX, worldY } from "./project";
import { STAGE_SHAPES, traceShape } from "./shapes";
import { centreText, tilePoints, type DrawnSymbol, type SymbolPlan } from "./symbols";
import { pixelRatio, type HeldTile } from "./tilegrid";

/** Points are single from this zoom on; the tiles decide the same way. */
export const SINGLE_FROM_ZOOM = 13;

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
  for (const { lon, lat } of fresh)
    bins.push({ x: worldX(lon, frame.zoom), y: worldY(lat, frame.zoom), n: 1, open: 1 });
  const clusters = gather(bins, CLUSTER_PX * frame.scale);
  const symbols = clusters.map(({ x, y, n, open }): DrawnSymbol => {
    return { x, y, radius: clusterRadius(n) * frame.scale, hit: { kind: "cluster", n, open } };
  });
  return {
    symbols,
    draw: (ctx) => {
      centreText(ctx);
      clusters.forEach(({ x, y, n, open }, i) => {
        drawCluster(
          ctx,
          x - frame.originX,
          y - frame.originY,
          symbols[i]?.radius ?? 0,
          n,
          open / n,
          palette,
          format,
          frame.scale,
        );
      });
    },
  };
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
