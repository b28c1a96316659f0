/** How long a list is, in words. */
import type { Paged } from "../api/types";
import { t } from "../i18n";
import { number } from "./format";

/** The number of its items; where counting stopped before the end, that there are more. */
export function howMany(page: Pick<Paged<unknown>, "total" | "total_is_exact">): string {
  return page.total_is_exact === false ? t("moreThan", { n: number(page.total) }) : number(page.total);
}
