/** The line above the page while its session only watches. */
import type { JSX } from "preact";
import { t } from "../i18n";
import { watching } from "../state/session";
import { GoOn } from "./states";

export function WatchingBar(): JSX.Element | null {
  if (!watching.value) return null;
  return (
    <div class="watching-bar" role="status">
      <strong>{t("watching")}</strong>
      <span class="watching-why">{t("watchingWhy")}</span>
      <GoOn />
    </div>
  );
}
