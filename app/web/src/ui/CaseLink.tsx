/** The way to a case: its card on the Cases face. */
import type { JSX } from "preact";
import { t } from "../i18n";
import { goCase } from "../state/navigate";

export function CaseLink({ no }: { no: number }): JSX.Element {
  return (
    <button
      type="button"
      class="link tabular"
      onClick={(event) => {
        event.stopPropagation();
        goCase(no);
      }}
    >
      {t("incidentNo", { no })}
    </button>
  );
}
