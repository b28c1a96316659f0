/** Jobs in words: what came of one, and how long. */
import { t } from "../../../i18n";
import { number, span } from "../../../ui/format";
import type { Measures } from "../types";
import { measureText } from "./figures";
import type { Job } from "./shapes";

function isMeasures(value: unknown): value is Measures {
  return typeof value === "object" && value !== null && "within_15" in value;
}

export function jobResultText({ kind, result }: Job): string {
  if (!result) return "";
  if (kind === "publish") return t("planJobPublished");
  const { before, after, units } = result;
  if (kind === "balance" && isMeasures(before) && isMeasures(after)) {
    return t("planBalanced", {
      before: measureText("share", before.within_15),
      after: measureText("share", after.within_15),
      moved: measureText("share", after.moved),
      n: typeof units === "number" ? number(units) : "–",
    });
  }
  return "";
}

/** A length of time: 8 s, 3 min. */
export function seconds(s: number): string {
  return s < 90 ? t("planSeconds", { n: Math.max(0, Math.round(s)) }) : span(s);
}
