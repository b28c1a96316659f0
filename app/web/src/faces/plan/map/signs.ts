/** Signs over the map: problems by shape, what panels mark, and shapes that they lay over it. */
import { centredBox, type CollisionGrid } from "../../../map/collision";
import type { OverlayFrame } from "../../../map/overlay";
import { worldX, worldY } from "../../../map/project";
import type { PlanProblem } from "../panels/shapes";
import type { Laid, Marked } from "../state";
import type { PlanPalette } from "./colours";

const SIGNS_FROM = 12;
const SIGN_PX = 7;
const MARK_PX = 11;

export function signOf({ kind, deviation }: Pick<PlanProblem, "kind" | "deviation">): "✕" | "▲" | "▼" {
  if (kind === "fault" || typeof deviation !== "number") return "✕";
  return deviation > 0 ? "▲" : "▼";
}

/** Faults everywhere, uneven cells from near; the worst have the first choice of room. */
export function paintSigns(
  frame: OverlayFrame,
  problems: readonly PlanProblem[],
  palette: PlanPalette,
  taken: CollisionGrid,
): void {
  const { ctx, zoom } = frame;
  for (const problem of problems) {
    const sign = signOf(problem);
    if (sign !== "✕" && zoom < SIGNS_FROM) continue;
    const x = worldX(problem.lon, zoom) - frame.originX;
    const y = worldY(problem.lat, zoom) - frame.originY;
    if (x < 0 || y < 0 || x > frame.width || y > frame.height) continue;
    if (!taken.tryPlace(centredBox(x, y, 2 * SIGN_PX, 2 * SIGN_PX))) continue;
    ctx.beginPath();
    const r = SIGN_PX;
    if (sign === "✕") {
      for (const lean of [1, -1]) {
        ctx.moveTo(x - r * 0.7, y - lean * r * 0.7);
        ctx.lineTo(x + r * 0.7, y + lean * r * 0.7);
      }
      stroke(ctx, palette.halo, 6);
      stroke(ctx, palette.short, 2.8);
      continue;
    }
    const up = sign === "▲" ? -1 : 1;
    ctx.moveTo(x, y + up * r * 0.75);
    ctx.lineTo(x + r * 0.75, y - up * r * 0.55);
    ctx.lineTo(x - r * 0.75, y - up * r * 0.55);
    ctx.closePath();
    stroke(ctx, palette.halo, 3);
    ctx.fillStyle = palette.text;
    ctx.fill();
  }
}

function stroke(ctx: CanvasRenderingContext2D, colour: string, width: number): void {
  ctx.lineCap = "round";
  ctx.lineJoin = "round";
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.stroke();
}

export function paintMarks(frame: OverlayFrame, marks: readonly Marked[], palette: PlanPalette): void {
  const { ctx, zoom } = frame;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  for (const { lon, lat, sign, faded } of marks) {
    const x = worldX(lon, zoom) - frame.originX;
    const y = worldY(lat, zoom) - frame.originY;
    ctx.globalAlpha = faded ? 0.5 : 1;
    ctx.beginPath();
    ctx.arc(x, y, MARK_PX, 0, 2 * Math.PI);
    ctx.fillStyle = palette.panel;
    ctx.fill();
    stroke(ctx, palette.select, 2);
    ctx.font = `600 12px ${palette.font}`;
    ctx.fillStyle = palette.text;
    ctx.fillText(sign, x, y);
    ctx.globalAlpha = 1;
  }
}

/** The mark under a point (canvas px of that zoom's world), topmost first. */
export function markAt(marks: readonly Marked[], x: number, y: number, zoom: number): Marked | null {
  return (
    [...marks]
      .reverse()
      .find(({ lon, lat }) => Math.hypot(worldX(lon, zoom) - x, worldY(lat, zoom) - y) <= MARK_PX + 3) ?? null
  );
}

const DASHES: Readonly<Record<string, readonly number[]>> = { gap: [], overlap: [7, 4], sliver: [2, 4] };

/** Shapes that a panel lays over the map, told apart by their line. */
export function paintLaid(frame: OverlayFrame, shapes: readonly Laid[], palette: PlanPalette): void {
  const { ctx, zoom } = frame;
  for (const { kind, rings } of shapes) {
    ctx.beginPath();
    for (const ring of rings) {
      ring.forEach(([lon, lat], i) => {
        const x = worldX(lon, zoom) - frame.originX;
        const y = worldY(lat, zoom) - frame.originY;
        if (i === 0) ctx.moveTo(x, y);
        else ctx.lineTo(x, y);
      });
    }
    ctx.setLineDash([]);
    stroke(ctx, palette.halo, 5);
    ctx.setLineDash([...(DASHES[kind] ?? [])]);
    stroke(ctx, palette.short, 2.2);
    ctx.setLineDash([]);
  }
}
