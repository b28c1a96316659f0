/** Names of areas by code: from the lists that the map's labels use, and one by one what those do not have. */
import { computed, effect, signal, type Signal } from "@preact/signals";
import { api } from "../../../api/client";
import { named, t } from "../../../i18n";
import { ancestorAt, cellNumber, levelOf } from "../../../state/codes";
import { communities, districts, subdistricts, wantCommunities } from "../../../state/data";
import { planId } from "../state";

type Names = Parameters<typeof named>[0];

effect(() => {
  if (planId.value !== 0) wantCommunities();
});

const listed = computed<ReadonlyMap<number, Names>>(() => {
  const areas = [districts, subdistricts, communities].flatMap((level) => level.value.value.data ?? []);
  return new Map(areas.map((area) => [area.code, area]));
});

const asked = new Map<number, Signal<Names | null>>();

function ask(code: number): Names | null {
  let kept = asked.get(code);
  if (!kept) {
    const answer = signal<Names | null>(null);
    asked.set(code, answer);
    kept = answer;
    api.area(code).then(
      (area) => (answer.value = area),
      () => asked.delete(code),
    );
  }
  return kept.value;
}

/** The area's name; of a cell its community's and its number. Reading it subscribes. */
export function areaLabel(code: number): string {
  const level = levelOf(code);
  if (level === "cell") return `${areaLabel(ancestorAt(code, "community"))} ${cellNumber(code)}`;
  const waiting = level === "community" && planId.value !== 0 && communities.value.value.loading;
  const names = listed.value.get(code) ?? (waiting ? null : ask(code));
  return names ? named(names) : "…";
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
