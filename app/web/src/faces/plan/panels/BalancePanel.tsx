/** Automatic balancing: where, with which aim, about how long; the result is one edit that can be undone. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t, word, type TextKey } from "../../../i18n";
import { ancestorAt, cellNumber, levelOf, within } from "../../../state/codes";
import { number } from "../../../ui/format";
import { Labelled } from "../../../ui/Labelled";
import { Segments } from "../../../ui/Segments";
import { AreaChooser } from "../../../ui/AreaChooser";
import { benchCode, openedPlan } from "../state";
import { cells, chosenCells, toggleCell } from "./cellchoice";
import { deviationText } from "./figures";
import { deeds, newest, running, start } from "./jobs";
import { jobResultText, seconds } from "./jobtext";
import { measures } from "./measures";
import { areaLabel } from "./names";

type Aim = "balance" | "shape" | "little_change";
const AIMS: readonly { readonly name: Aim; readonly words: readonly [TextKey, TextKey, TextKey] }[] = [
  { name: "balance", words: ["planBalanceLow", "planBalanceMid", "planBalanceHigh"] },
  { name: "shape", words: ["planShapeLow", "planShapeMid", "planShapeHigh"] },
  { name: "little_change", words: ["planLittleLow", "planLittleMid", "planLittleHigh"] },
];
const aims = signal<Readonly<Record<Aim, number>>>({ balance: 0.5, shape: 0.5, little_change: 0.5 });

/** Measured on 2 cores: a second to begin, then about so many cells a second. */
const BEGIN_S = 1;
const CELLS_A_SECOND = 330;

/** Code of a scope that is no area: the cells that were ticked. */
const CHOSEN = -1;

export function BalancePanel(): JSX.Element | null {
  const opened = openedPlan.value;
  const [picked, setPicked] = useState(0);
  if (!opened) return null;
  const near = benchCode.value;
  const around =
    near === 0 ? [] : (["community", "subdistrict", "district"] as const).map((level) => ancestorAt(near, level));
  const scopes = [
    ...new Set([
      ...(picked === 0 ? [] : [picked]),
      ...(near === 0 ? [] : [CHOSEN]),
      ...around.filter((code) => within(code, opened.area_code)),
      opened.area_code,
    ]),
  ];
  return (
    <Form key={scopes.join()} scopes={scopes} plan={opened.area_code} editable={opened.editable} onPick={setPicked} />
  );
}

function Form({
  scopes,
  plan,
  editable,
  onPick,
}: {
  scopes: readonly number[];
  plan: number;
  editable: boolean;
  onPick: (code: number) => void;
}): JSX.Element {
  const [scope, setScope] = useState(scopes.find((code) => code !== CHOSEN) ?? plan);
  const busy = running.value.some(({ kind }) => kind === "balance") || deeds.busy.value !== "";
  const last = newest.value.find(({ kind, state }) => kind === "balance" && state === "done");
  const known = measures.value.value.data;
  const ticked = (cells.value.value.data ?? [])
    .filter(({ code }) => chosenCells.value.has(code))
    .map(({ code }) => code);
  const count = scope === CHOSEN ? ticked.length : known?.area_code === scope ? known.draft.cells : null;
  const where = scope === CHOSEN ? { cells: ticked } : { areas: [scope] };
  return (
    <form
      class="plan-panel"
      onSubmit={(event) => {
        event.preventDefault();
        void start({ kind: "balance", ...where, ...aims.value });
      }}
    >
      <fieldset class="form-field" disabled={!editable}>
        <legend>{t("planScope")}</legend>
        {scopes.length < 2 ? null : (
          <Segments
            label={t("planScope")}
            options={scopes.map((code) => ({ value: code, text: scopeText(code, plan) }))}
            value={scope}
            onChange={setScope}
          />
        )}
        <p class="soft">
          {areaLabel(scope === CHOSEN ? benchCode.value : scope)}
          {count === null ? "" : ` · ${t("planCellsN", { n: number(count) })}`}
        </p>
        {scope === CHOSEN ? <CellChoice /> : null}
        {levelOf(plan) === "community" ? null : (
          <AreaChooser
            id="plan-scope"
            value={0}
            placeholder={t("planOtherArea")}
            onChoose={(area) => {
              if (area && levelOf(area.code) !== "cell" && within(area.code, plan)) onPick(area.code);
            }}
          />
        )}
      </fieldset>
      {AIMS.map(({ name, words }) => {
        const value = aims.value[name];
        return (
          <Labelled key={name} id={`p-${name}`} label={word("planAim", name)}>
            <input
              id={`p-${name}`}
              type="range"
              min="0"
              max="1"
              step="0.1"
              disabled={!editable}
              value={value}
              aria-valuetext={t(words[value < 0.34 ? 0 : value > 0.66 ? 2 : 1])}
              onInput={(event) => (aims.value = { ...aims.peek(), [name]: Number(event.currentTarget.value) })}
            />
            <p class="soft field-hint">{t(words[value < 0.34 ? 0 : value > 0.66 ? 2 : 1])}</p>
          </Labelled>
        );
      })}
      <div class="form-actions">
        <button
          type="submit"
          class="button primary"
          disabled={!editable || busy || (scope === CHOSEN && ticked.length < 2)}
        >
          {t(busy ? "planBalanceBusy" : "planBalanceStart")}
        </button>
        {count === null ? null : (
          <span class="soft tabular">{t("planBalanceAbout", { time: seconds(BEGIN_S + count / CELLS_A_SECOND) })}</span>
        )}
      </div>
      {editable ? null : <p class="soft">{t("planBalanceOnlyDraft")}</p>}
      <p class="soft">{t("planBalanceWhat")}</p>
      {last ? (
        <p>
          <strong>{t("planBalanceLast")}</strong> {jobResultText(last)}
        </p>
      ) : null}
    </form>
  );
}

function scopeText(code: number, plan: number): string {
  if (code === CHOSEN) return t("planSelection");
  return code === plan ? t("planWhole") : word("level", levelOf(code));
}

/** The cells of the open community, ticked one by one; at least two give and take. */
function CellChoice(): JSX.Element {
  const { data } = cells.value.value;
  return (
    <div class="plan-choice" role="group" aria-label={t("planSelection")}>
      {data?.map(({ code, deviation, free }) => (
        <label key={code}>
          <input
            type="checkbox"
            checked={chosenCells.value.has(code)}
            disabled={!free}
            onChange={() => toggleCell(code)}
          />
          <span class="tabular">{cellNumber(code)}</span>
          <span class="soft tabular">{deviationText(deviation)}</span>
        </label>
      ))}
    </div>
  );
}
