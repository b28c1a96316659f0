/** Which level of areas the choropleth shows: by zoom, unless the user holds one. */
import type { Level } from "../api/types";

export type LevelChoice = "auto" | "district" | "subdistrict" | "community" | "cell";

export const LEVEL_CHOICES: readonly LevelChoice[] = ["auto", "district", "subdistrict", "community", "cell"];

export function levelForZoom(zoom: number): Exclude<LevelChoice, "auto"> {
  if (zoom < 9) return "district";
  if (zoom < 11) return "subdistrict";
  if (zoom < 13) return "community";
  return "cell";
}

export function shownLevel(choice: LevelChoice, zoom: number): Exclude<LevelChoice, "auto"> {
  return choice === "auto" ? levelForZoom(zoom) : choice;
}

/** The coarsest level that a click picks at this zoom: near, a click means the cell under it, not its district. */
export function levelToPick(zoom: number): Level {
  if (zoom < 10) return "district";
  if (zoom < 12) return "subdistrict";
  return zoom < 14 ? "community" : "cell";
}
