/** What makes work: the weights of the plan's model, the cases that count, and next year's forecast with its error. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { write } from "../../../api/client";
import { t, word } from "../../../i18n";
import { nameOf } from "../../../panels/Filters";
import { categoryList } from "../../../state/data";
import { deed, fieldError } from "../../../state/deed";
import { may } from "../../../state/session";
import { Labelled } from "../../../ui/Labelled";
import { Refused } from "../../../ui/Refused";
import { Segments } from "../../../ui/Segments";
import { openedPlan, PATH, putPlan } from "../state";
import { COUNTINGS, type Model, type Plan } from "../types";
import { ForecastFound } from "./ForecastFound";

export const MODEL_TAB = "model";
const deeds = deed();
const HEAVIEST = 1_000_000;
const LONGEST_DAYS = 3660;
const GROUP_DIGITS = 2;

async function keep(plan: Plan, model: Model): Promise<void> {
  await deeds.run("model", async () =>
    putPlan(await write<Plan>("PATCH", `${PATH}/${plan.id}`, { model }, plan.revision)),
  );
}

export function ModelPanel(): JSX.Element | null {
  const opened = openedPlan.value;
  if (!opened) return null;
  return (
    <div class="plan-panel">
      <Form key={`${opened.id} ${JSON.stringify(opened.model)}`} plan={opened} />
      <ForecastFound />
    </div>
  );
}

type Weights = Pick<Model, "household" | "incident" | "per_km2" | "per_street_km">;
const WEIGHTS = ["household", "incident", "per_km2", "per_street_km"] as const satisfies readonly (keyof Weights)[];

function Form({ plan }: { plan: Plan }): JSX.Element {
  const [model, setModel] = useState<Model>(plan.model);
  const editable = plan.editable && may("change_plan");
  const problem = deeds.problem.value;
  const changed = JSON.stringify(model) !== JSON.stringify(plan.model);
  const groups = (categoryList.value.value.data ?? []).filter(({ code }) => code.length === GROUP_DIGITS);
  const weigh = (group: string, text: string): void => {
    const others = Object.entries(model.incident_by_group).filter(([code]) => code !== group);
    setModel({
      ...model,
      incident_by_group: Object.fromEntries(text === "" ? others : [...others, [group, Number(text)]]),
    });
  };
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        void keep(plan, model);
      }}
    >
      <p class="soft">{t("planModelWhat")}</p>
      <fieldset class="plan-weights" disabled={!editable}>
        {WEIGHTS.map((name) => (
          <Labelled key={name} id={`w-${name}`} label={word("planWeight", name)} error={fieldError(problem, name)}>
            <input
              id={`w-${name}`}
              type="number"
              min="0"
              max={HEAVIEST}
              step="any"
              required
              value={model[name]}
              onInput={(event) => setModel({ ...model, [name]: Number(event.currentTarget.value) })}
            />
          </Labelled>
        ))}
      </fieldset>
      <fieldset class="form-field" disabled={!editable}>
        <legend>{t("planCounting")}</legend>
        <Segments
          label={t("planCounting")}
          options={COUNTINGS.map((value) => ({ value, text: word("planCounting", value) }))}
          value={model.incidents}
          onChange={(incidents) =>
            setModel({ ...model, incidents, ...(incidents === "listed" ? { incident_by_group: {} } : {}) })
          }
        />
        <p class="soft field-hint">{word("planCountingWhat", model.incidents)}</p>
      </fieldset>
      {model.incidents === "listed" ? null : (
        <>
          <Labelled id="w-days" label={t("planPeriod")} error={fieldError(problem, "period_days")}>
            <input
              id="w-days"
              type="number"
              min="1"
              max={LONGEST_DAYS}
              step="1"
              required
              disabled={!editable}
              value={model.period_days}
              onInput={(event) => setModel({ ...model, period_days: Number(event.currentTarget.value) })}
            />
          </Labelled>
          <details class="plan-groups" open={Object.keys(model.incident_by_group).length > 0}>
            <summary>{t("planGroups")}</summary>
            <fieldset class="plan-weights" disabled={!editable}>
              {groups.map((group) => (
                <Labelled key={group.code} id={`w-${group.code}`} label={nameOf(group)}>
                  <input
                    id={`w-${group.code}`}
                    type="number"
                    min="0"
                    max={HEAVIEST}
                    step="any"
                    placeholder={String(model.incident)}
                    value={model.incident_by_group[group.code] ?? ""}
                    onInput={(event) => weigh(group.code, event.currentTarget.value)}
                  />
                </Labelled>
              ))}
            </fieldset>
          </details>
        </>
      )}
      <Refused problem={problem} but={[...WEIGHTS, "period_days"]} />
      {editable ? (
        <div class="form-actions">
          <button
            type="submit"
            class={`button ${changed ? "primary" : ""}`}
            disabled={!changed || deeds.busy.value !== ""}
          >
            {t("planModelKeep")}
          </button>
          {changed ? (
            <button
              type="button"
              class="button"
              onClick={() => {
                deeds.forget();
                setModel(plan.model);
              }}
            >
              {t("planModelBack")}
            </button>
          ) : null}
        </div>
      ) : null}
    </form>
  );
}
