/** The open cases of the chosen area and category as a file, after the password. */
import type { JSX } from "preact";
import { download } from "../../api/download";
import { queryString } from "../../api/client";
import { t } from "../../i18n";
import { deed } from "../../state/deed";
import { may } from "../../state/session";
import { area } from "../../state/store";
import { Icon } from "../../ui/icons";
import { reason } from "../../ui/states";
import { CANCELLED, withStepUp } from "../../ui/StepUp";
import { filter } from "./state";

const FORMS = ["xlsx", "csv"] as const;
const work = deed();

export function Export(): JSX.Element | null {
  if (!may("export_incidents_csv")) return null;
  const problem = work.problem.value;
  const take = (form: (typeof FORMS)[number]): void => {
    const query = { status: "open", area: area.value || undefined, category: filter.value.group || undefined };
    void work.run(form, () => withStepUp(() => download(`/api/v1/exports/incidents.${form}${queryString(query)}`)));
  };
  return (
    <>
      {problem && problem.kind !== CANCELLED ? (
        <span class="bad" role="alert">
          {reason(problem)}
        </span>
      ) : null}
      <details class="face-more">
        <summary class="button">
          {t(work.busy.value === "" ? "exportOpen" : "exportBusy")}
          <Icon name="down" />
        </summary>
        <div class="menu">
          {FORMS.map((form) => (
            <button
              key={form}
              type="button"
              disabled={work.busy.value !== ""}
              onClick={(event) => {
                event.currentTarget.closest("details")?.removeAttribute("open");
                take(form);
              }}
            >
              {form.toUpperCase()}
            </button>
          ))}
        </div>
      </details>
    </>
  );
}
