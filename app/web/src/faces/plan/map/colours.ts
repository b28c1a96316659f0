/** Colours and hatches of the workbench's map, from the page's tokens. */
import { readPalette, type Palette } from "../../../map/palette";
import { pixelRatio } from "../../../map/tilegrid";
import { CLASSES } from "./deviation";

export interface PlanPalette extends Palette {
  /** by class of deviation */
  readonly deviation: readonly string[];
  /** cells that do not count: locked, dedicated, or unknown */
  readonly none: string;
  /** border of the draft's cells */
  readonly border: string;
  /** pattern over cells with a fault */
  readonly faulty: CanvasPattern | string;
  /** pattern over units that wait to be accepted */
  readonly waiting: CanvasPattern | string;
}

export function readPlanPalette(): PlanPalette {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const palette = readPalette();
  return {
    ...palette,
    deviation: Array.from({ length: CLASSES }, (_, i) => token(`dev-${i}`)),
    none: token("dev-none"),
    border: token("dev-border"),
    faulty: hatch(token("state-reported"), 9, 1.6, "\\"),
    waiting: hatch(palette.select, 6, 1.5, "/"),
  };
}

/** Slanting lines, `gap` CSS px apart. */
function hatch(colour: string, gap: number, width: number, lean: "/" | "\\"): CanvasPattern | string {
  const ratio = pixelRatio();
  const tile = document.createElement("canvas");
  tile.width = tile.height = Math.round(gap * ratio);
  const ctx = tile.getContext("2d");
  if (!ctx) return colour;
  const size = tile.width;
  ctx.strokeStyle = colour;
  ctx.lineWidth = width * ratio;
  ctx.lineCap = "square";
  ctx.beginPath();
  for (const shift of [-size, 0, size]) {
    ctx.moveTo(shift, lean === "/" ? size : 0);
    ctx.lineTo(shift + size, lean === "/" ? 0 : size);
  }
  ctx.stroke();
  const pattern = ctx.createPattern(tile, "repeat");
  pattern?.setTransform(new DOMMatrix().scale(1 / ratio));
  return pattern ?? colour;
}
