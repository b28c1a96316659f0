/** The river: a schematic centre line, drawn soft under names and symbols. */
import type { LineFeature } from "../api/types";
import type { Label } from "./labels";
import type { OverlayFrame } from "./overlay";
import type { Palette } from "./palette";
import { worldX, worldY } from "./project";

export interface River {
  readonly lines: readonly (readonly (readonly [number, number])[])[];
  readonly marks: readonly { readonly lon: number; readonly lat: number; readonly name: string }[];
}

export function readRiver(features: readonly LineFeature[]): River {
  const lines: [number, number][][] = [];
  const marks: { lon: number; lat: number; name: string }[] = [];
  for (const { geometry, properties } of features) {
    if (geometry.type === "LineString") lines.push(geometry.coordinates);
    else if (geometry.type === "MultiLineString") lines.push(...geometry.coordinates);
    else marks.push({ lon: geometry.coordinates[0], lat: geometry.coordinates[1], name: properties.name });
  }
  return { lines, marks };
}

export function drawRiver(frame: OverlayFrame, river: River, palette: Palette): void {
  const { ctx, zoom } = frame;
  ctx.beginPath();
  for (const line of river.lines) {
    line.forEach(([lon, lat], i) => {
      const x = worldX(lon, zoom) - frame.originX;
      const y = worldY(lat, zoom) - frame.originY;
      if (i === 0) ctx.moveTo(x, y);
      else ctx.lineTo(x, y);
    });
  }
  ctx.lineJoin = "round";
  ctx.lineCap = "round";
  const width = Math.min(9, Math.max(2.2, (zoom - 8) * 1.3));
  ctx.strokeStyle = palette.halo;
  ctx.globalAlpha = 0.5;
  ctx.lineWidth = width + 2;
  ctx.stroke();
  ctx.globalAlpha = 0.85;
  ctx.strokeStyle = palette.river;
  ctx.lineWidth = width;
  ctx.stroke();
  ctx.globalAlpha = 1;
  ctx.lineCap = "butt";
  if (zoom >= 12) drawMarks(frame, river, palette);
}

function drawMarks(frame: OverlayFrame, river: River, palette: Palette): void {
  const { ctx, zoom } = frame;
  ctx.fillStyle = palette.halo;
  for (const { lon, lat } of river.marks) {
    ctx.beginPath();
    ctx.arc(worldX(lon, zoom) - frame.originX, worldY(lat, zoom) - frame.originY, 2.2, 0, 2 * Math.PI);
    ctx.fill();
  }
}

const MARKS_FROM_ZOOM = 13;
const ALL_MARKS_FROM_ZOOM = 15;

/** Every fifth kilometre first, all of them near. */
function markShown(mark: string, zoom: number): boolean {
  const kilometre = Number(/\d+/.exec(mark)?.[0] ?? 0);
  return zoom >= ALL_MARKS_FROM_ZOOM || kilometre % 5 === 0;
}

/** Names along the river: the river's own in every screenful of it, kilometre marks near. */
export function riverLabels(frame: OverlayFrame, river: River, name: string): Label[] {
  const labels: Label[] = [];
  const inside = (x: number, y: number): boolean => x > 60 && y > 20 && x < frame.width - 60 && y < frame.height - 20;
  for (const line of river.lines) {
    let lastX = -Infinity;
    let lastY = -Infinity;
    for (const [lon, lat] of line) {
      const x = worldX(lon, frame.zoom) - frame.originX;
      const y = worldY(lat, frame.zoom) - frame.originY;
      if (!inside(x, y) || Math.hypot(x - lastX, y - lastY) < 520) continue;
      labels.push({ text: name, rank: "river", x, y: y - 12 });
      lastX = x;
      lastY = y;
    }
  }
  if (frame.zoom < MARKS_FROM_ZOOM) return labels;
  for (const { lon, lat, name: mark } of river.marks) {
    const x = worldX(lon, frame.zoom) - frame.originX;
    const y = worldY(lat, frame.zoom) - frame.originY;
    if (inside(x, y) && markShown(mark, frame.zoom)) labels.push({ text: mark, rank: "river", x, y: y + 14 });
  }
  return labels;
}
