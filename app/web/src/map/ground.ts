/** What is painted on the ground: areas coloured by a `code -> value` table, and the outlines of the levels. */
import type L from "leaflet";
import type { Level } from "../api/types";
import { within } from "../state/codes";
import { numberOf, type DecodedTile, type TileFeature } from "./decode";
import type { Palette } from "./palette";
import { classOf, type Scale } from "./ramp";
import type { Frame, TileSource } from "./tilegrid";
import { TileStore } from "./tilestore";

const areaTiles = new TileStore("areas");
const cellTiles = new TileStore("cells");

export interface Shading {
  readonly level: Exclude<Level, "city">;
  readonly values: Readonly<Record<string, number>> | null;
  readonly scale: Scale;
  readonly colours: readonly string[];
  /** areas outside are dimmed; 0 dims nothing */
  readonly area: number;
}

function tileUrl(level: Level, version: string, { z, x, y }: L.Coords): string {
  return level === "cell"
    ? `/tiles/cells/${z}/${x}/${y}.mvt?v=${version}`
    : `/tiles/areas/${z}/${x}/${y}.mvt?level=${level}`;
}

const storeFor = (level: Level): TileStore => (level === "cell" ? cellTiles : areaTiles);

/** Add all rings of a feature to the current path, in CSS px. */
export function traceFeature(ctx: CanvasRenderingContext2D, feature: TileFeature, scale: number): void {
  const { xy, ends } = feature;
  let start = 0;
  for (const end of ends) {
    ctx.moveTo((xy[start] ?? 0) * scale, (xy[start + 1] ?? 0) * scale);
    for (let i = start + 2; i < end; i += 2) ctx.lineTo((xy[i] ?? 0) * scale, (xy[i + 1] ?? 0) * scale);
    ctx.closePath();
    start = end;
  }
}

const DIMMED = 0.28;

/** Areas of one level, filled by class. Each class is one path, so a tile of a thousand cells costs a few fills. */
export function shadingSource(shading: Shading, palette: Palette, version: string): TileSource {
  const { level } = shading;
  return {
    id: `shade-${level}`,
    store: storeFor(level),
    url: (coords) => tileUrl(level, version, coords),
    paint: (ctx, tile, frame) => paintShading(ctx, tile, frame, shading, palette),
  };
}

function paintShading(
  ctx: CanvasRenderingContext2D,
  tile: DecodedTile,
  frame: Frame,
  shading: Shading,
  palette: Palette,
): void {
  const groups = new Map<number, TileFeature[]>();
  for (const feature of tile.features) {
    const code = numberOf(feature, "code");
    const index = shading.values ? classOf(shading.scale, shading.values[String(code)]) : -1;
    const key = within(code, shading.area) ? index : index + 100;
    const group = groups.get(key);
    if (group) group.push(feature);
    else groups.set(key, [feature]);
  }
  const seam = seamWidth(shading.level, frame.zoom);
  for (const [key, features] of groups) {
    const dimmed = key >= 50;
    const index = dimmed ? key - 100 : key;
    const colour = index < 0 ? palette.land : (shading.colours[index] ?? palette.land);
    ctx.beginPath();
    for (const feature of features) traceFeature(ctx, feature, frame.scale);
    ctx.globalAlpha = dimmed && index >= 0 ? DIMMED : 1;
    ctx.fillStyle = colour;
    ctx.fill("evenodd");
    ctx.globalAlpha = 1;
    ctx.lineWidth = seam > 0 ? seam : 0.7;
    ctx.strokeStyle = seam > 0 ? palette.seam : colour;
    if (seam > 0 || !dimmed) ctx.stroke();
  }
}

/** The gap between neighbours: none where cells are a few pixels wide, a hair where they are not. */
function seamWidth(level: Level, zoom: number): number {
  if (level === "cell") return zoom < 11 ? 0 : zoom < 13 ? 0.5 : 1;
  if (level === "community") return zoom < 10 ? 0 : zoom < 12 ? 0.5 : 0.8;
  return 0.8;
}

/** The plain land of the city, where nothing is coloured. */
export function landSource(palette: Palette, version: string): TileSource {
  return {
    id: "land",
    store: areaTiles,
    url: (coords) => tileUrl("district", version, coords),
    paint: (ctx, tile, frame) => {
      ctx.beginPath();
      for (const feature of tile.features) traceFeature(ctx, feature, frame.scale);
      ctx.fillStyle = palette.land;
      ctx.fill();
      ctx.lineWidth = 0.8;
      ctx.strokeStyle = palette.land;
      ctx.stroke();
    },
  };
}

const OUTLINES: readonly { level: Exclude<Level, "city">; from: number }[] = [
  { level: "cell", from: 14 },
  { level: "community", from: 12 },
  { level: "subdistrict", from: 9 },
  { level: "district", from: 0 },
];

/** Outlines from the nearest level to the farthest, so that the bold ones lie on top. */
export function outlineSources(palette: Palette, version: string): TileSource[] {
  return OUTLINES.map(({ level, from }) => ({
    id: `outline-${level}`,
    store: storeFor(level),
    url: (coords) => (coords.z >= from ? tileUrl(level, version, coords) : null),
    paint: (ctx, tile, frame) => paintOutline(ctx, tile, frame, level, palette),
  }));
}

function paintOutline(
  ctx: CanvasRenderingContext2D,
  tile: DecodedTile,
  frame: Frame,
  level: Level,
  palette: Palette,
): void {
  ctx.beginPath();
  for (const feature of tile.features) traceFeature(ctx, feature, frame.scale);
  ctx.lineJoin = "round";
  if (level === "district") {
    ctx.lineWidth = frame.zoom >= 12 ? 5 : 3.4;
    ctx.strokeStyle = palette.halo;
    ctx.globalAlpha = 0.55;
    ctx.stroke();
    ctx.globalAlpha = 1;
  }
  ctx.lineWidth = outlineWidth(level, frame.zoom);
  ctx.strokeStyle =
    level === "district" ? palette.outlineFar : level === "subdistrict" ? palette.outlineMid : palette.outlineNear;
  ctx.stroke();
}

function outlineWidth(level: Level, zoom: number): number {
  if (level === "district") return zoom >= 12 ? 2.4 : 1.5;
  if (level === "subdistrict") return zoom >= 12 ? 1.5 : zoom >= 11 ? 1 : 0.6;
  if (level === "community") return zoom >= 14 ? 1.1 : 0.6;
  return zoom >= 16 ? 0.8 : 0.5;
}
