/** Who is on duty where: head counts, and a triangle where the staffing rule is not met. */
import { numberOf } from "./decode";
import type { OverlayFrame } from "./overlay";
import type { Palette } from "./palette";
import { traceShape } from "./shapes";
import { centreText, tilePoints, type SymbolPlan } from "./symbols";
import type { HeldTile } from "./tilegrid";

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
