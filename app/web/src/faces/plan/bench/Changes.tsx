/** Which units the plan moves, from cell to cell; a click goes there. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { t } from "../../../i18n";
import { ancestorAt, cellNumber } from "../../../state/codes";
import { number } from "../../../ui/format";
import { Empty, Failed, Skeleton } from "../../../ui/states";
import { boxOfUnits, groundOf } from "../map/ground";
import { areaLabel } from "../panels/names";
import { benchCode, openBench, planMap } from "../state";
import { changesOf, type Change } from "./changes";
import { figures, retryFigures } from "./figures";
import { drawing, pendingMoves } from "./store";

const SHOWN = 60;
/** Units to be shown once their community is open. */
const wanted = signal<readonly number[]>([]);
const whole = signal(false);

export function Changes(): JSX.Element {
  const { data, error } = figures.value;
  const drawn = drawing.value;
  useEffect(() => {
    if (!drawn || wanted.value.length === 0) return;
    const units = wanted.value.map((unit) => drawn.indexOfUnit(unit)).filter((index) => index !== undefined);
    wanted.value = [];
    const box = boxOfUnits(groundOf(drawn.bench), units);
    if (box) planMap.value?.fly(box, 17);
  });
  if (!data)
    return error ? <Failed what="planMapWhatFigures" problem={error} retry={retryFigures} /> : <Skeleton rows={6} />;
  const community = whole.value ? 0 : benchCode.value;
  const changes = changesOf(data.moves, community);
  const units = changes.reduce((sum, change) => sum + change.units.length, 0);
  const households = changes.reduce((sum, change) => sum + change.households, 0);
  return (
    <div class="bench">
      <header class="bench-head">
        <h2>{t("benchChangesSum", { n: number(units), h: number(households) })}</h2>
        {benchCode.value === 0 ? null : (
          <label class="bench-whole">
            <input type="checkbox" checked={whole.value} onChange={() => (whole.value = !whole.value)} />{" "}
            {t("benchChangesAll")}
          </label>
        )}
      </header>
      {pendingMoves.value.size > 0 ? <p class="bench-note soft">{t("benchChangesPending")}</p> : null}
      {changes.length === 0 ? <Empty title={t(community === 0 ? "benchNoChanges" : "benchNoChangesHere")} /> : null}
      <ol class="bench-changes">
        {changes.slice(0, SHOWN).map((change) => (
          <li key={`${change.from}.${change.to}`}>
            <ChangeRow change={change} named={community === 0} />
          </li>
        ))}
      </ol>
      {changes.length > SHOWN ? (
        <p class="bench-note soft">{t("benchChangesMore", { n: number(changes.length - SHOWN) })}</p>
      ) : null}
    </div>
  );
}

function ChangeRow({ change, named }: { change: Change; named: boolean }): JSX.Element {
  const community = ancestorAt(change.from, "community");
  return (
    <button
      type="button"
      class="bench-change"
      onClick={() => {
        wanted.value = change.units;
        openBench(community);
      }}
    >
      <span class="grow">
        {named ? `${areaLabel(community)} ` : ""}
        <span class="tabular">
          {cellNumber(change.from)} → {cellNumber(change.to)}
        </span>
      </span>
      <span class="tabular soft">
        {t("benchChange", { n: number(change.units.length), h: number(change.households) })}
      </span>
    </button>
  );
}
