/** What stands in a plan's way, under its headline: a refused step in words, faults to fly to, boundaries that moved on. */
import type { JSX } from "preact";
import { t, word } from "../../../i18n";
import { number } from "../../../ui/format";
import { Refused } from "../../../ui/Refused";
import { may } from "../../../state/session";
import type { Plan } from "../types";
import { deeds, differenceOf, faultsOf, rebase } from "./lifecycle";
import { cellsLabel } from "./names";
import { ownWords } from "./refusals";
import type { Difference, PlanFault } from "./shapes";
import { goToFault } from "./Worst";

const SHOWN = 20;

export function Stands({ plan }: { plan: Plan }): JSX.Element | null {
  const problem = deeds.problem.value;
  const difference = differenceOf(problem);
  const faults = faultsOf(problem);
  const words = problem === null ? null : ownWords(problem.kind);
  const behind = plan.behind && plan.state !== "published" && plan.state !== "withdrawn";
  if (!problem && !behind) return null;
  return (
    <div class="plan-stands" role={problem ? "alert" : undefined}>
      {words !== null ? (
        <p>
          <strong>✕ {words}</strong>
        </p>
      ) : (
        <Refused problem={problem} but={["reason", "publish_on"]} />
      )}
      {faults.length > 0 ? <Faults faults={faults} /> : null}
      {difference.length > 0 ? <Moved difference={difference} /> : null}
      {behind && difference.length === 0 ? <p>{t("planBehind")}</p> : null}
      {behind || problem?.kind === "plan-behind" ? <Rebase choose={difference.length > 0} /> : null}
      {problem ? (
        <button type="button" class="link" onClick={deeds.forget}>
          {t("planGotIt")}
        </button>
      ) : null}
    </div>
  );
}

function Rebase({ choose }: { choose: boolean }): JSX.Element | null {
  if (!may("rebase_plan")) return null;
  const busy = deeds.busy.value !== "";
  if (!choose)
    return (
      <button type="button" class="button small" disabled={busy} onClick={() => void rebase()}>
        {t("planRebase")}
      </button>
    );
  return (
    <div class="line">
      <button type="button" class="button small" disabled={busy} onClick={() => void rebase("mine")}>
        {t("planRebaseMine")}
      </button>
      <button type="button" class="button small" disabled={busy} onClick={() => void rebase("theirs")}>
        {t("planRebaseTheirs")}
      </button>
    </div>
  );
}

function Faults({ faults }: { faults: readonly PlanFault[] }): JSX.Element {
  return (
    <ul class="plan-faults">
      {faults.slice(0, SHOWN).map((fault, i) => (
        <li key={i}>
          <button type="button" class="link" onClick={() => goToFault(fault)}>
            {word("planRule", fault.rule)} <span class="soft">{cellsLabel(fault.cells)}</span>
          </button>
        </li>
      ))}
      {faults.length > SHOWN ? <li class="soft">{t("planMoreOf", { n: number(faults.length - SHOWN) })}</li> : null}
    </ul>
  );
}

function Moved({ difference }: { difference: readonly Difference[] }): JSX.Element {
  return (
    <div class="plan-difference">
      <p class="soft">{t("planDifference", { n: number(difference.length) })}</p>
      <table class="plan-figures">
        <thead>
          <tr>
            <th scope="col">{t("planUnit")}</th>
            <th scope="col">{t("planCellBase")}</th>
            <th scope="col">{t("planCellNow")}</th>
            <th scope="col">{t("planCellMine")}</th>
          </tr>
        </thead>
        <tbody>
          {difference.slice(0, SHOWN).map((unit) => (
            <tr key={unit.unit_id}>
              <th scope="row" class="tabular">
                {unit.unit_id}
              </th>
              <td>{cellText(unit.base_cell)}</td>
              <td>{cellText(unit.current_cell)}</td>
              <td>{cellText(unit.plan_cell)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {difference.length > SHOWN ? (
        <p class="soft">{t("planMoreOf", { n: number(difference.length - SHOWN) })}</p>
      ) : null}
    </div>
  );
}

/** null: the unit is not there at that time. */
function cellText(cell: number | null): string {
  return cell === null ? "–" : cellsLabel([cell]);
}
