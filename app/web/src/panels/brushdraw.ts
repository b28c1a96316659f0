/** Drawing the histogram: a few rectangles on a canvas weigh less than any chart library. */
import { fromBrush, type BrushScale } from "../state/brush";

export interface BrushColours {
  readonly bar: string;
  readonly barOut: string;
  readonly axis: string;
  readonly text: string;
  readonly select: string;
  readonly font: string;
}

export interface BrushPicture {
  readonly counts: readonly number[];
  readonly scale: BrushScale;
  readonly selected: { readonly since: number; readonly until: number };
  readonly dragging: boolean;
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
  readonly top: string;
}

const AXIS_PX = 15;

export function drawBrush(
  ctx: CanvasRenderingContext2D,
  height: number,
  picture: BrushPicture,
  colours: BrushColours,
): void {
  const { counts, scale, selected } = picture;
  const { width } = scale;
  ctx.clearRect(0, 0, width, height);
  const base = height - AXIS_PX;
  const max = Math.max(1, ...counts);
  const step = width / Math.max(1, counts.length);
  const x0 = fromBrush(scale, selected.since);
  const x1 = fromBrush(scale, selected.until);
  counts.forEach((count, i) => {
    if (count === 0) return;
    const x = i * step;
    const bar = Math.max(1, (count / max) * (base - 4));
    const middle = x + step / 2;
    ctx.fillStyle = middle >= x0 && middle <= x1 ? colours.bar : colours.barOut;
    ctx.fillRect(x + 0.5, base - bar, Math.max(1, step - 1), bar);
  });
  ctx.fillStyle = colours.axis;
  ctx.fillRect(0, base, width, 1);
  if (x0 > 1 || x1 < width - 1) drawSelection(ctx, x0, x1, base, colours);
  drawTicks(ctx, height, base, picture, colours);
}

function drawSelection(
  ctx: CanvasRenderingContext2D,
  x0: number,
  x1: number,
  base: number,
  colours: BrushColours,
): void {
  ctx.fillStyle = colours.select;
  ctx.globalAlpha = 0.1;
  ctx.fillRect(x0, 0, x1 - x0, base);
  ctx.globalAlpha = 1;
  for (const x of [x0, x1]) {
    ctx.fillRect(x - 0.75, 0, 1.5, base);
    ctx.fillRect(x - 2.5, base / 2 - 7, 5, 14);
  }
}

function drawTicks(
  ctx: CanvasRenderingContext2D,
  height: number,
  base: number,
  picture: BrushPicture,
  colours: BrushColours,
): void {
  ctx.fillStyle = colours.text;
  ctx.font = `11px ${colours.font}`;
  ctx.textBaseline = "bottom";
  ctx.textAlign = "center";
  let free = -Infinity;
  for (const { at, text } of picture.ticks) {
    const x = fromBrush(picture.scale, at);
    const half = ctx.measureText(text).width / 2;
    if (x - half < Math.max(0, free) || x + half > picture.scale.width) continue;
    ctx.fillRect(x, base, 1, 3);
    ctx.fillText(text, x, height);
    free = x + half + 10;
  }
  ctx.textAlign = "left";
  ctx.textBaseline = "top";
  ctx.fillText(picture.top, 2, 0);
}
