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

/** A zoom at which an area of this level fills the map in a useful way. */
export function zoomForLevel(level: Level): number {
  switch (level) {
    case "city": return 9;
    case "district": return 11;
    case "subdistrict": return 13;
    case "community": return 15;
    case "cell": return 16;
  }
}
