/** Where the workbench's map stands. */
import type { JSX } from "preact";
import { t } from "../../../i18n";

export function PlanMapView(): JSX.Element {
  return <div class="plan-map" role="application" aria-label={t("planMapLabel")} />;
}
