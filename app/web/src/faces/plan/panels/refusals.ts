/** Refusals of plans in the page's own words. */
import { isText, t } from "../../../i18n";

/** The page's words for a kind of problem; null where it has none. */
export function ownWords(kind: string): string | null {
  const key = `planRefused_${kind}`;
  return isText(key) ? t(key) : null;
}

/** Why something was not done behind the scenes, told as `kind: words`. */
export const refusalText = (told: string): string => ownWords(told.split(":", 1)[0] ?? "") ?? told;
