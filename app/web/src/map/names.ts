/** Which names the map has to write now: areas by level, the numbers of cells, the river. */
import { lang, t } from "../i18n";
import { cellNumber } from "../state/codes";
import { communities, districts, subdistricts } from "../state/data";
import { numberOf } from "./decode";
import { rankShown, type Label } from "./labels";
import type { OverlayFrame } from "./overlay";
import { worldX, worldY } from "./project";
import { riverLabels, type River } from "./river";
import { TILE_PX, type HeldTile } from "./tilegrid";

const MARGIN_X = 80;
const MARGIN_Y = 20;

function inView(frame: OverlayFrame, x: number, y: number): boolean {
  return x > -MARGIN_X && y > -MARGIN_Y && x < frame.width + MARGIN_X && y < frame.height + MARGIN_Y;
}

export function areaNames(frame: OverlayFrame): Label[] {
  const english = lang.peek() === "en";
  const levels = [
    ["district", districts],
    ["subdistrict", subdistricts],
    ["community", communities],
  ] as const;
  const labels: Label[] = [];
  for (const [rank, names] of levels) {
    if (!rankShown(rank, frame.zoom)) continue;
    for (const { label, name, name_en } of names.value.peek().data ?? []) {
      const x = worldX(label[0], frame.zoom) - frame.originX;
      const y = worldY(label[1], frame.zoom) - frame.originY;
      if (inView(frame, x, y)) labels.push({ rank, text: english ? (name_en ?? name) : name, x, y });
    }
  }
  return labels;
}

/** The duty tiles hold one point for each cell, at its label place: 8,703 names need no list of their own. */
export function cellNumbers(frame: OverlayFrame, held: readonly HeldTile[]): Label[] {
  if (!rankShown("cell", frame.zoom)) return [];
  const labels: Label[] = [];
  for (const { coords, tile } of held) {
    if (coords.z !== frame.zoom) continue;
    const unit = TILE_PX / tile.extent;
    for (const feature of tile.features) {
      const code = numberOf(feature, "code");
      if (code % 1000 === 0) continue;
      const x = coords.x * TILE_PX + (feature.xy[0] ?? 0) * unit - frame.originX;
      const y = coords.y * TILE_PX + (feature.xy[1] ?? 0) * unit - frame.originY;
      if (inView(frame, x, y)) labels.push({ rank: "cell", text: cellNumber(code), x, y });
    }
  }
  return labels;
}

export function riverNames(frame: OverlayFrame, river: River | null): Label[] {
  return river && rankShown("river", frame.zoom) ? riverLabels(frame, river, t("layer_river")) : [];
}
