/** What the plan means for those who answer for its cells, as they are assigned now. */
import type { JSX } from "preact";
import { t, word } from "../../../i18n";
import { number } from "../../../ui/format";
import { Failed, Skeleton } from "../../../ui/states";
import { staffing } from "./lifecycle";
import { areaLabel, cellsLabel } from "./names";
import type { StaffingRule } from "./shapes";

const SHOWN = 20;

export function Staffing(): JSX.Element {
  const { data, error } = staffing.value.value;
  const rules = [...(data?.rules ?? [])].sort(
    (a, b) => Number(a.ok) - Number(b.ok) || a.community_code - b.community_code,
  );
  return (
    <section>
      <h3>{t("planStaffing")}</h3>
      {error ? <Failed what="what_staffing" problem={error} retry={staffing.retry} /> : null}
      {!data && !error ? <Skeleton rows={2} /> : null}
      {data ? (
        <>
          <dl class="plan-facts">
            <dt>{t("planAfterNew")}</dt>
            <dd>{cellList(data.new_cells)}</dd>
            <dt>{t("planAfterDissolved")}</dt>
            <dd>{cellList(data.dissolved_cells)}</dd>
            <dt>{t("planNeedsWorker")}</dt>
            <dd>{cellList(data.needs_worker)}</dd>
            <dt>{t("planFreed")}</dt>
            <dd>
              {data.freed_units.length === 0
                ? t("none")
                : data.freed_units
                    .map(
                      (unit) =>
                        `${unit.call_sign} (${word("role", unit.role)}${unit.idle ? `, ${t("planIdle")}` : ""})`,
                    )
                    .join(t("comma"))}
            </dd>
          </dl>
          {rules.length > 0 ? <h4>{t("planStaffRules")}</h4> : null}
          <ul class="plan-list">
            {rules.slice(0, SHOWN).map((rule) => (
              <Rule key={rule.community_code} rule={rule} />
            ))}
          </ul>
          {rules.length > SHOWN ? <p class="soft">{t("planMoreOf", { n: number(rules.length - SHOWN) })}</p> : null}
        </>
      ) : null}
    </section>
  );
}

function Rule({ rule }: { rule: StaffingRule }): JSX.Element {
  const roles = Object.entries(rule.required).map(
    ([role, wanted]) => `${word("role", role)} ${rule.present[role] ?? 0}/${wanted}`,
  );
  return (
    <li>
      <span
        class={rule.ok ? "plan-better" : "plan-worse"}
        role="img"
        aria-label={t(rule.ok ? "planStaffOk" : "planStaffShort")}
      >
        {rule.ok ? "✓" : "✕"}
      </span>{" "}
      {areaLabel(rule.community_code)}{" "}
      <span class="soft tabular">
        {rule.cells_today === rule.cells_draft
          ? t("planCellsN", { n: rule.cells_draft })
          : t("planCellsFromTo", { from: rule.cells_today, to: rule.cells_draft })}{" "}
        · {roles.join(t("comma"))}
      </span>
    </li>
  );
}

function cellList(cells: readonly number[]): string {
  if (cells.length === 0) return t("none");
  const first = cells
    .slice(0, SHOWN)
    .map((cell) => cellsLabel([cell]))
    .join(t("comma"));
  return cells.length > SHOWN ? `${first} … (${number(cells.length)})` : first;
}
