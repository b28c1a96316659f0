/** Which units the plan moves, from cell to cell. */
import type { JSX } from "preact";
import { t } from "../../../i18n";
import { Empty } from "../../../ui/states";

export function Changes(): JSX.Element {
  return <Empty title={t("benchNoChanges")} />;
}
