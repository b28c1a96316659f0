/** The plan on tiles: whole cells from far, base units from near, each in the colour of its draft cell's deviation. */
import { numberOf, type DecodedTile, type TileFeature } from "../../../map/decode";
import { outlineSources, traceFeature } from "../../../map/ground";
import type { Frame, TileSource } from "../../../map/tilegrid";
import { TileStore } from "../../../map/tilestore";
import { within } from "../../../state/codes";
import type { CellRow, Figures } from "../bench/rows";
import type { PlanPalette } from "./colours";
import { deviationClass } from "./deviation";
import { sidesBetween, traceEdges, type Sides } from "./edges";

/** From this zoom on units are drawn, below it cells. */
export const UNITS_FROM = 13;
const SEAMS_FROM = 15;

const cellTiles = new TileStore("cells");
const unitTiles = new TileStore("units");

export interface Drawn {
  readonly figures: Figures | null;
  readonly palette: PlanPalette;
  /** the plan's area; what lies outside is only land */
  readonly area: number;
  /** whether today's borders are shown beside the draft's */
  readonly today: boolean;
  /** cells in which it differs from a plan beside it: the others stand back; null: none stands beside it */
  readonly differing: ReadonlySet<number> | null;
}

/** The colour of a cell: by its deviation, or that of what does not count. */
export function cellColour(row: CellRow | undefined, palette: PlanPalette): string {
  return row?.free ? (palette.deviation[deviationClass(row.deviation)] ?? palette.none) : palette.none;
}

export function cellsSource(drawn: Drawn, version: string): TileSource {
  return {
    id: "plan-cells",
    store: cellTiles,
    url: ({ z, x, y }) => (z < UNITS_FROM ? `/tiles/cells/${z}/${x}/${y}.mvt?v=${version}` : null),
    paint: (ctx, tile, frame) => paintCells(ctx, tile, frame, drawn),
  };
}

export function unitsSource(drawn: Drawn, version: string): TileSource {
  return {
    id: "plan-units",
    store: unitTiles,
    url: ({ z, x, y }) => (z >= UNITS_FROM ? `/tiles/units/${z}/${x}/${y}.mvt?v=${version}` : null),
    paint: (ctx, tile, frame) => paintUnits(ctx, tile, frame, drawn),
  };
}

/** Outlines of the levels above; no cell leaves its community, so its border is the bolder one. */
export function planOutlines(palette: PlanPalette, version: string): TileSource[] {
  return outlineSources(palette, version)
    .filter(({ id }) => id !== "outline-cell")
    .map((source) =>
      source.id === "outline-community"
        ? { ...source, paint: (ctx, tile, frame) => paintCommunities(ctx, tile, frame, palette) }
        : source,
    );
}

function paintCommunities(ctx: CanvasRenderingContext2D, tile: DecodedTile, frame: Frame, palette: PlanPalette): void {
  ctx.beginPath();
  for (const feature of tile.features) traceFeature(ctx, feature, frame.scale);
  ctx.lineJoin = "round";
  ctx.strokeStyle = palette.border;
  ctx.lineWidth = frame.zoom < UNITS_FROM ? 0.9 : borderWidth(frame.zoom) * 1.6;
  ctx.stroke();
}

/** The cell in which a unit of a tile lies in the draft. */
export function draftCell(unit: TileFeature, figures: Figures | null): number {
  return figures?.moves.get(numberOf(unit, "id"))?.after ?? numberOf(unit, "c");
}

function push<K, V>(groups: Map<K, V[]>, key: K, value: V): void {
  const group = groups.get(key);
  if (group) group.push(value);
  else groups.set(key, [value]);
}

function fillGroups(
  ctx: CanvasRenderingContext2D,
  groups: Map<string, TileFeature[]>,
  frame: Frame,
  seam: (colour: string) => [string, number],
): void {
  for (const [colour, features] of groups) {
    ctx.beginPath();
    for (const feature of features) traceFeature(ctx, feature, frame.scale);
    ctx.fillStyle = colour;
    ctx.fill("evenodd");
    [ctx.strokeStyle, ctx.lineWidth] = seam(colour);
    ctx.stroke();
  }
}

/** Lay a veil over what does not differ. */
function standBack(
  ctx: CanvasRenderingContext2D,
  features: readonly TileFeature[],
  frame: Frame,
  palette: PlanPalette,
): void {
  if (features.length === 0) return;
  ctx.beginPath();
  for (const feature of features) traceFeature(ctx, feature, frame.scale);
  ctx.globalAlpha = 0.72;
  ctx.fillStyle = palette.land;
  ctx.fill("evenodd");
  ctx.globalAlpha = 1;
}

function paintCells(
  ctx: CanvasRenderingContext2D,
  tile: DecodedTile,
  frame: Frame,
  { figures, palette, area, differing }: Drawn,
): void {
  const groups = new Map<string, TileFeature[]>();
  const faulty: TileFeature[] = [];
  const alike: TileFeature[] = [];
  for (const feature of tile.features) {
    const code = numberOf(feature, "code");
    const row = within(code, area) ? figures?.cells.get(code) : undefined;
    push(groups, row ? cellColour(row, palette) : palette.land, feature);
    if ((row?.pieces ?? 1) > 1) faulty.push(feature);
    if (differing && !differing.has(code)) alike.push(feature);
  }
  const seam = frame.zoom < 11 ? 0 : frame.zoom < 12 ? 0.4 : 0.8;
  fillGroups(ctx, groups, frame, (colour) => (seam > 0 ? [palette.seam, seam] : [colour, 0.7]));
  hatchOver(ctx, faulty, frame, palette);
  standBack(ctx, alike, frame, palette);
}

function hatchOver(
  ctx: CanvasRenderingContext2D,
  features: readonly TileFeature[],
  frame: Frame,
  palette: PlanPalette,
): void {
  if (features.length === 0) return;
  ctx.beginPath();
  for (const feature of features) traceFeature(ctx, feature, frame.scale);
  ctx.fillStyle = palette.faulty;
  ctx.fill("evenodd");
}

const sidesOf = new WeakMap<DecodedTile, Sides>();

/** The sides between a tile's units; found once, whatever the plan does with them. */
function sides(tile: DecodedTile): Sides {
  const known = sidesOf.get(tile);
  if (known) return known;
  const points = tile.features.reduce((sum, { xy }) => sum + xy.length, 0);
  const rings = tile.features.reduce((sum, { ends }) => sum + ends.length, 0);
  const xy = new Int32Array(points);
  const ends = new Int32Array(rings);
  const owner = new Int32Array(rings);
  let at = 0;
  let ring = 0;
  tile.features.forEach((feature, index) => {
    xy.set(feature.xy, at);
    for (const end of feature.ends) {
      ends[ring] = at + end;
      owner[ring] = index;
      ring++;
    }
    at += feature.xy.length;
  });
  const found = sidesBetween({ xy, ends, owner });
  sidesOf.set(tile, found);
  return found;
}

function paintUnits(ctx: CanvasRenderingContext2D, tile: DecodedTile, frame: Frame, drawn: Drawn): void {
  const { figures, palette, area, differing } = drawn;
  const groups = new Map<string, TileFeature[]>();
  const faulty: TileFeature[] = [];
  const alike: TileFeature[] = [];
  const now = new Float64Array(tile.features.length);
  const base = new Float64Array(tile.features.length);
  tile.features.forEach((feature, i) => {
    const cell = draftCell(feature, figures);
    now[i] = cell;
    base[i] = numberOf(feature, "c");
    const row = within(cell, area) ? figures?.cells.get(cell) : undefined;
    push(groups, row ? cellColour(row, palette) : palette.land, feature);
    if ((row?.pieces ?? 1) > 1) faulty.push(feature);
    if (differing && !differing.has(cell)) alike.push(feature);
  });
  fillGroups(ctx, groups, frame, (colour) => [colour, 0.7]);
  hatchOver(ctx, faulty, frame, palette);
  standBack(ctx, alike, frame, palette);
  const { xy, edges } = sides(tile);
  const stroke = (wanted: (one: number, other: number) => boolean): void => {
    ctx.beginPath();
    traceEdges(
      ctx,
      edges,
      wanted,
      (i) => (xy[i] ?? 0) * frame.scale,
      (i) => (xy[i + 1] ?? 0) * frame.scale,
    );
    ctx.stroke();
  };
  ctx.lineJoin = "round";
  if (frame.zoom >= SEAMS_FROM) {
    ctx.strokeStyle = palette.seam;
    ctx.lineWidth = 0.6;
    stroke((one, other) => other >= 0 && now[one] === now[other]);
  }
  if (drawn.today) {
    ctx.strokeStyle = palette.text;
    ctx.lineWidth = frame.zoom >= SEAMS_FROM ? 1.4 : 1;
    ctx.setLineDash([5, 4]);
    stroke((one, other) => other >= 0 && base[one] !== base[other] && now[one] === now[other]);
    ctx.setLineDash([]);
  }
  ctx.strokeStyle = palette.border;
  ctx.lineWidth = borderWidth(frame.zoom);
  stroke((one, other) => other >= 0 && now[one] !== now[other]);
}

export function borderWidth(zoom: number): number {
  return zoom >= 16 ? 2.2 : zoom >= 15 ? 1.7 : zoom >= 14 ? 1.2 : 0.8;
}
