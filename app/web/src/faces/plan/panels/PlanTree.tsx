/** Plans as a tree: who began it, where, how far it is. One of them is open. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t, word } from "../../../i18n";
import { setFaceParams } from "../../../state/face";
import { may } from "../../../state/session";
import { nowTick } from "../../../state/store";
import { ago, day, number } from "../../../ui/format";
import { Icon } from "../../../ui/icons";
import { More } from "../../../ui/PagedTable";
import { PickChoice } from "../../../ui/Pick";
import { Empty, Failed, Skeleton } from "../../../ui/states";
import { openPlan, planId } from "../state";
import { PLAN_STATES } from "../types";
import { forget, importing } from "./imports";
import { areaLabel } from "./names";
import { beginning, branches, deeds, plans, stateFilter } from "./plans";
import { StateChip } from "./StateChip";
import type { Branch } from "./tree";

export function PlanTree(): JSX.Element {
  const [unfolded, setUnfolded] = useState(false);
  const opened = planId.value !== 0;
  const { data, error } = plans.value.value;
  return (
    <section class="plan-section" aria-label={t("planPlans")}>
      <div class="plan-section-head">
        <h2>
          {opened ? (
            <button type="button" class="plan-fold" aria-expanded={unfolded} onClick={() => setUnfolded(!unfolded)}>
              <Icon name={unfolded ? "down" : "right"} />
              {t("planPlans")}
            </button>
          ) : (
            t("planPlans")
          )}
        </h2>
        <span class="soft tabular">{data ? number(data.items.length) : ""}</span>
        <span class="grow" />
        {may("import_plan") && (!opened || unfolded) ? (
          <button
            type="button"
            class="button small"
            onClick={() => {
              forget();
              importing.value = true;
            }}
          >
            {t("planImportShort")}
          </button>
        ) : null}
        {may("create_plan") ? (
          <button
            type="button"
            class={`button small ${opened ? "" : "primary"}`}
            onClick={() => {
              deeds.forget();
              beginning.value = true;
            }}
          >
            <Icon name="plus" />
            {t("planNew")}
          </button>
        ) : null}
      </div>
      {opened && !unfolded ? null : (
        <>
          <div class="plan-filter">
            <PickChoice
              label={t("planStateLabel")}
              value={stateFilter.value}
              choices={PLAN_STATES.map((state) => ({ value: state, text: word("planState", state) }))}
              onPick={(state) => setFaceParams({ state })}
            />
          </div>
          {error ? <Failed what="what_plans" problem={error} retry={plans.retry} /> : null}
          {!data && !error ? <Skeleton rows={4} /> : null}
          {data?.items.length === 0 ? <Empty title={t("plansEmpty")} hint={t("plansEmptyHint")} /> : null}
          <ul class="plan-tree" onKeyDown={onKey}>
            {branches.value.map((branch) => (
              <Row key={branch.plan.id} branch={branch} />
            ))}
          </ul>
          <More list={plans} />
        </>
      )}
    </section>
  );
}

function Row({ branch: { plan, depth } }: { branch: Branch }): JSX.Element {
  return (
    <li style={{ "--depth": String(Math.min(depth, 5)) }}>
      <button type="button" class="plan-row" aria-current={plan.id === planId.value} onClick={() => openPlan(plan.id)}>
        <span class="plan-row-title">
          {depth > 0 ? (
            <span class="soft" aria-label={t("planChild")}>
              └{" "}
            </span>
          ) : null}
          {plan.title}
        </span>
        <StateChip state={plan.state} />
        <span class="plan-row-more soft">
          {areaLabel(plan.area_code)} · {plan.author} ·{" "}
          <time class="tabular" dateTime={plan.changed_at}>
            {ago(plan.changed_at, nowTick.value)}
          </time>
          {plan.publish_on && plan.state === "approved" ? ` · ${t("planPublishesOn", { on: plan.publish_on })}` : ""}
          {plan.published_at ? ` · ${t("planPublishedOn", { on: day(plan.published_at) })}` : ""}
        </span>
      </button>
    </li>
  );
}

function onKey(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (step === 0) return;
  event.preventDefault();
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>(".plan-row")];
  rows[Math.max(0, Math.min(rows.length - 1, rows.findIndex((row) => row === document.activeElement) + step))]?.focus();
}
