/** The 15-digit area code is the tree: its level is in its trailing zeros, and an area is a range of codes. */
import type { Level } from "../api/types";

const SPAN: Readonly<Record<Level, number>> = {
  city: 1e11,
  district: 1e9,
  subdistrict: 1e6,
  community: 1e3,
  cell: 1,
};

/** From far to near; a level's index grows as areas get smaller. */
export const LEVELS: readonly Level[] = ["city", "district", "subdistrict", "community", "cell"];

export function levelOf(code: number): Level {
  if (code % 1e3 !== 0) return "cell";
  if (code % 1e6 !== 0) return "community";
  if (code % 1e9 !== 0) return "subdistrict";
  if (code % 1e11 !== 0) return "district";
  return "city";
}

/** True when `code` lies in `area` (or is it). 0 stands for the whole city. */
export function within(code: number, area: number): boolean {
  if (area === 0) return true;
  const span = SPAN[levelOf(area)];
  const lo = Math.floor(area / span) * span;
  return code >= lo && code < lo + span;
}

/** The ancestor of `code` at `level`; the code itself when it already is that far. */
export function ancestorAt(code: number, level: Level): number {
  const span = SPAN[level];
  return Math.floor(code / span) * span;
}

export function childLevel(level: Level): Level | null {
  return LEVELS[LEVELS.indexOf(level) + 1] ?? null;
}

export function isAreaCode(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1e14 && value < 1e15;
}

/** The number of a cell inside its community, as it is written on a sign: 003. */
export function cellNumber(code: number): string {
  return String(code % 1000).padStart(3, "0");
}
