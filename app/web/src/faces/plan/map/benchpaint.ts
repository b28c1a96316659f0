/** The edited community on its canvas: units in the colour of their cell as it is drawn now, pending ones hatched. */
import type { OverlayFrame } from "../../../map/overlay";
import { cellNumber } from "../../../state/codes";
import { deviationClass } from "./deviation";
import type { CellFigures } from "../bench/measures";
import type { Live } from "../bench/store";
import { deviationText } from "../panels/figures";
import type { PlanPalette } from "./colours";
import { traceEdges } from "./edges";
import { cellLabels, type BenchGround } from "./ground";
import { borderWidth } from "./tiles";

export interface BenchView {
  readonly ground: BenchGround;
  readonly live: Live;
  readonly target: number;
  readonly hoveredCell: number;
  readonly today: boolean;
}

/** A path over all rings of some units, in canvas px. */
function traceUnits(frame: OverlayFrame, ground: BenchGround, units: readonly number[]): void {
  const { ctx } = frame;
  const size = 2 ** frame.zoom;
  const { ends } = ground.shapes;
  for (const unit of units) {
    for (let ring = ground.firstRing[unit] ?? 0; ring < (ground.firstRing[unit + 1] ?? 0); ring++) {
      const start = ring === 0 ? 0 : (ends[ring - 1] ?? 0);
      for (let i = start; i < (ends[ring] ?? 0); i += 2) {
        const x = (ground.world[i] ?? 0) * size - frame.originX;
        const y = (ground.world[i + 1] ?? 0) * size - frame.originY;
        if (i === start) ctx.moveTo(x, y);
        else ctx.lineTo(x, y);
      }
      ctx.closePath();
    }
  }
}

export function paintBench(frame: OverlayFrame, view: BenchView, palette: PlanPalette): void {
  const { ctx } = frame;
  const { ground, live, target } = view;
  const { drawing } = live;
  ctx.globalAlpha = 0.5;
  ctx.fillStyle = palette.ground;
  ctx.fillRect(0, 0, frame.width, frame.height);
  ctx.globalAlpha = 1;
  const rows = new Map(live.figures.cells.map((row) => [row.code, row]));
  const byCell = new Map<number, number[]>();
  const waiting: number[] = [];
  ground.bench.units.forEach((_, i) => {
    const cell = drawing.cellOf(i);
    const units = byCell.get(cell);
    if (units) units.push(i);
    else byCell.set(cell, [i]);
    if (drawing.isPending(i)) waiting.push(i);
  });
  const fill = (units: readonly number[], style: string | CanvasPattern): void => {
    ctx.beginPath();
    traceUnits(frame, ground, units);
    ctx.fillStyle = style;
    ctx.fill("evenodd");
  };
  for (const [cell, units] of byCell) {
    const row = rows.get(cell);
    fill(units, row?.free ? (palette.deviation[deviationClass(row.deviation)] ?? palette.none) : palette.none);
    if (row && row.pieces > 1) fill(units, palette.faulty);
  }
  if (waiting.length > 0) fill(waiting, palette.waiting);
  paintSides(frame, view, palette);
  if (view.hoveredCell !== 0 && view.hoveredCell !== target) outline(frame, view, view.hoveredCell, palette, 2);
  if (target !== 0) outline(frame, view, target, palette, 3.6);
  paintNumbers(frame, view, palette, rows);
}

function strokeSides(frame: OverlayFrame, ground: BenchGround, wanted: (one: number, other: number) => boolean): void {
  const size = 2 ** frame.zoom;
  frame.ctx.beginPath();
  traceEdges(
    frame.ctx,
    ground.edges,
    wanted,
    (i) => (ground.sideWorld[i] ?? 0) * size - frame.originX,
    (i) => (ground.sideWorld[i + 1] ?? 0) * size - frame.originY,
  );
  frame.ctx.stroke();
}

function paintSides(frame: OverlayFrame, { ground, live, today }: BenchView, palette: PlanPalette): void {
  const { ctx } = frame;
  const { drawing } = live;
  const now = ground.bench.units.map((_, i) => drawing.cellOf(i));
  const base = ground.bench.units.map((unit) => unit.today);
  ctx.lineJoin = "round";
  if (frame.zoom >= 14) {
    ctx.strokeStyle = palette.border;
    ctx.globalAlpha = 0.3;
    ctx.lineWidth = 0.7;
    strokeSides(frame, ground, (one, other) => other >= 0 && now[one] === now[other]);
    ctx.globalAlpha = 1;
  }
  if (today) {
    ctx.strokeStyle = palette.text;
    ctx.lineWidth = 1.6;
    ctx.setLineDash([6, 4]);
    strokeSides(frame, ground, (one, other) => other >= 0 && base[one] !== base[other] && now[one] === now[other]);
    ctx.setLineDash([]);
  }
  ctx.strokeStyle = palette.border;
  ctx.lineWidth = borderWidth(frame.zoom) + 0.4;
  strokeSides(frame, ground, (one, other) => other >= 0 && now[one] !== now[other]);
  ctx.lineWidth = borderWidth(frame.zoom) + 1.6;
  strokeSides(frame, ground, (_, other) => other < 0);
}

function outline(
  frame: OverlayFrame,
  { ground, live }: BenchView,
  cell: number,
  palette: PlanPalette,
  width: number,
): void {
  const { ctx } = frame;
  const inside = (unit: number): boolean => unit >= 0 && live.drawing.cellOf(unit) === cell;
  for (const [colour, wide] of [
    [palette.halo, width + 3],
    [palette.select, width],
  ] as const) {
    ctx.strokeStyle = colour;
    ctx.lineWidth = wide;
    strokeSides(frame, ground, (one, other) => inside(one) !== inside(other));
  }
}

const NUMBERS_FROM = 13;
/** A cell narrower than this has room for its number only. */
const ROOM_PX = 58;
const METRES_PER_PX = 40_075_016 / 256;
/** Beyond it a cell is a problem; the sign says so without colour. */
const FAR = 0.15;

/** Each cell's number; nearer its deviation, with a sign that tells it without colour. */
function paintNumbers(
  frame: OverlayFrame,
  { ground, live, target }: BenchView,
  palette: PlanPalette,
  rows: ReadonlyMap<number, CellFigures>,
): void {
  if (frame.zoom < NUMBERS_FROM) return;
  const { ctx } = frame;
  const size = 2 ** frame.zoom;
  const { x, y } = ground.labels;
  const perPx_m = (METRES_PER_PX * Math.cos((ground.bbox[1] * Math.PI) / 180)) / size;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.lineJoin = "round";
  for (const [cell, unit] of cellLabels(ground, (i) => live.drawing.cellOf(i))) {
    const row = rows.get(cell);
    const px = (x[unit] ?? 0) * size - frame.originX;
    const py = (y[unit] ?? 0) * size - frame.originY;
    const locked = live.drawing.isLocked(cell);
    const lines = [cellNumber(cell)];
    if (row && Math.sqrt(row.area_m2) / perPx_m > ROOM_PX) {
      const sign = row.pieces > 1 ? "✕ " : row.deviation > FAR ? "▲ " : row.deviation < -FAR ? "▼ " : "";
      lines.push(row.free ? `${sign}${deviationText(row.deviation)}` : "");
    }
    lines.forEach((text, line) => {
      ctx.font = `${line === 0 ? (cell === target ? 700 : 600) : 500} ${line === 0 ? 13 : 12}px ${palette.font}`;
      const at = py + (line - (lines.length - 1) / 2) * 15;
      ctx.lineWidth = 3;
      ctx.strokeStyle = palette.halo;
      ctx.strokeText(text, px, at);
      ctx.fillStyle = palette.text;
      ctx.fillText(text, px, at);
      if (locked && line === 0) padlock(ctx, px - 22, at, palette);
    });
  }
}

function padlock(ctx: CanvasRenderingContext2D, x: number, y: number, palette: PlanPalette): void {
  ctx.beginPath();
  ctx.arc(x, y - 1.5, 3, Math.PI, 0);
  for (const [colour, width] of [
    [palette.halo, 4],
    [palette.text, 1.6],
  ] as const) {
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    ctx.stroke();
  }
  ctx.strokeRect(x - 4.5, y - 1, 9, 6.5);
  ctx.fillRect(x - 4.5, y - 1, 9, 6.5);
}

/** The unit under the pointer or the keyboard. */
export function paintUnit(frame: OverlayFrame, ground: BenchGround, unit: number, palette: PlanPalette): void {
  const { ctx } = frame;
  ctx.beginPath();
  traceUnits(frame, ground, [unit]);
  ctx.lineJoin = "round";
  for (const [colour, width] of [
    [palette.halo, 5],
    [palette.select, 2.2],
  ] as const) {
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    ctx.stroke();
  }
}
