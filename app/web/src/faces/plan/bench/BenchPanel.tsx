/** The edited community: its cells only. */
import type { JSX } from "preact";
import { t } from "../../../i18n";
import { Empty } from "../../../ui/states";

export function BenchPanel(): JSX.Element {
  return <Empty title={t("benchNone")} hint={t("benchNoneHint")} />;
}
