/** The page's language, for whoever knows nothing else of the page. */
import { lang } from "../i18n";

export function toggleLang(): void {
  lang.value = lang.value === "zh" ? "en" : "zh";
}
