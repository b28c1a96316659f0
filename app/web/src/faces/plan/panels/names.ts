/** Names of areas by code, each asked for once; the code itself until the name is there. */
import { signal, type Signal } from "@preact/signals";
import { api } from "../../../api/client";
import { named, t } from "../../../i18n";
import { ancestorAt, cellNumber, levelOf } from "../../../state/codes";

type Names = Parameters<typeof named>[0];

const known = new Map<number, Signal<Names | null>>();

function namesOf(code: number): Names | null {
  let kept = known.get(code);
  if (!kept) {
    const asked = signal<Names | null>(null);
    known.set(code, asked);
    kept = asked;
    api.area(code).then(
      (area) => (asked.value = area),
      () => known.delete(code),
    );
  }
  return kept.value;
}

/** The area's name; of a cell its community's and its number. Reading it subscribes. */
export function areaLabel(code: number): string {
  if (levelOf(code) === "cell") return `${areaLabel(ancestorAt(code, "community"))} ${cellNumber(code)}`;
  const names = namesOf(code);
  return names ? named(names) : String(code);
}

/** Cells in a line: the community once, then the numbers; the first few of them. */
export function cellsLabel(cells: readonly number[], shown = 6): string {
  const [first] = cells;
  if (first === undefined) return "";
  const community = ancestorAt(first, "community");
  const same = cells.filter((cell) => ancestorAt(cell, "community") === community);
  const numbers = same.slice(0, shown).map(cellNumber).join(t("comma"));
  const more = cells.length > Math.min(same.length, shown) ? " …" : "";
  return `${areaLabel(community)} ${numbers}${more}`;
}
