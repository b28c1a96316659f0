/** Names on the map: which ones at which zoom, placed so that none overlaps another. */
import { CollisionGrid, centredBox } from "./collision";
import type { Palette } from "./palette";

export type LabelRank = "district" | "subdistrict" | "community" | "cell" | "river";

export interface Label {
  readonly text: string;
  readonly rank: LabelRank;
  /** canvas px */
  readonly x: number;
  readonly y: number;
}

export interface PlacedLabel extends Label {
  readonly width: number;
}

interface Style {
  readonly size_px: number;
  readonly weight: number;
  readonly soft: boolean;
}

const STYLES: Readonly<Record<LabelRank, Style>> = {
  district: { size_px: 15, weight: 600, soft: false },
  subdistrict: { size_px: 13, weight: 500, soft: false },
  community: { size_px: 12, weight: 400, soft: true },
  cell: { size_px: 12, weight: 400, soft: true },
  river: { size_px: 12, weight: 500, soft: true },
};

const ORDER: readonly LabelRank[] = ["district", "river", "subdistrict", "community", "cell"];

/** From which zoom a rank is written, and up to which. */
export function rankShown(rank: LabelRank, zoom: number): boolean {
  switch (rank) {
    case "district":
      return zoom <= 13;
    case "river":
      return zoom >= 10;
    case "subdistrict":
      return zoom >= 11 && zoom <= 15;
    case "community":
      return zoom >= 13;
    case "cell":
      return zoom >= 15;
  }
}

export function labelFont(rank: LabelRank, scale: number, family: string): string {
  const style = STYLES[rank];
  return `${style.weight} ${(style.size_px * scale).toFixed(1)}px ${family}`;
}

/** Room kept free around a name: dense names read worse than few. */
const AIR_PX: Readonly<Record<LabelRank, number>> = { district: 8, river: 8, subdistrict: 10, community: 18, cell: 4 };

/** Where a name may step aside to, best first: [share of its width, lines]. */
const NEAR: readonly (readonly [number, number])[] = [
  [0, 0],
  [0, -1.1],
  [0, 1.1],
];
const TRIES: Readonly<Record<LabelRank, readonly (readonly [number, number])[]>> = {
  district: [
    ...NEAR,
    [0.75, -0.5],
    [-0.75, -0.5],
    [0.75, 0.8],
    [-0.75, 0.8],
    [0, -2.2],
    [0, 2.2],
    [0.6, -2],
    [-0.6, 2],
    [0, 3.2],
    [0, -3.2],
  ],
  river: NEAR,
  subdistrict: [...NEAR, [0, -2], [0, 2]],
  community: NEAR,
  cell: [[0, 0]],
};

/** Place far levels first. `measure` gives the text width in px; `grid` may already hold what must stay free. */
export function placeLabels(
  labels: readonly Label[],
  grid: CollisionGrid,
  scale: number,
  measure: (label: Label) => number,
): PlacedLabel[] {
  const placed: PlacedLabel[] = [];
  for (const rank of ORDER) {
    const height = STYLES[rank].size_px * scale + 4;
    const air = AIR_PX[rank] * scale;
    for (const label of labels) {
      if (label.rank !== rank) continue;
      const width = measure(label) + 8;
      for (const [dx, dy] of TRIES[rank]) {
        const x = label.x + dx * width;
        const y = label.y + dy * height;
        if (grid.tryPlace(centredBox(x, y, width + air, height + air / 2))) {
          placed.push({ ...label, x, y, width });
          break;
        }
      }
    }
  }
  return placed;
}

const widths = new Map<string, number>();

/** Text width, measured once per font and text. */
export function measureWith(ctx: CanvasRenderingContext2D, scale: number, family: string): (label: Label) => number {
  return (label) => {
    const key = `${label.rank}${scale}${label.text}`;
    const known = widths.get(key);
    if (known !== undefined) return known;
    ctx.font = labelFont(label.rank, scale, family);
    const width = ctx.measureText(label.text).width;
    if (widths.size > 20_000) widths.clear();
    widths.set(key, width);
    return width;
  };
}

export function drawLabels(
  ctx: CanvasRenderingContext2D,
  labels: readonly PlacedLabel[],
  scale: number,
  palette: Palette,
): void {
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.lineJoin = "round";
  ctx.strokeStyle = palette.halo;
  let rank: LabelRank | null = null;
  for (const label of labels) {
    if (label.rank !== rank) {
      rank = label.rank;
      ctx.font = labelFont(rank, scale, palette.font);
      ctx.fillStyle = rank === "river" ? palette.river : STYLES[rank].soft ? palette.textSoft : palette.text;
      ctx.lineWidth = (rank === "district" ? 4 : 3) * scale;
    }
    ctx.strokeText(label.text, label.x, label.y);
    ctx.fillText(label.text, label.x, label.y);
  }
}
