/** The tools, their keys, and what waits to be accepted. */
import type { JSX } from "preact";
import { t } from "../../../i18n";

export function ToolBar(): JSX.Element {
  return <div class="tools" role="toolbar" aria-label={t("tools")} />;
}
