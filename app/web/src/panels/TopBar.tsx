/** The bar across the top: whose city, which area, search, clock, live dot, language and theme. */
import type { JSX } from "preact";
import { shownFace } from "../faces";
import { named, t } from "../i18n";
import { startReport, toggleLang, toggleTheme, toggleWall } from "../state/actions";
import { city } from "../state/data";
import { live } from "../state/livefeed";
import { may } from "../state/session";
import { helpOpen, mode, nowTick, phone } from "../state/store";
import { clock, clockSeconds } from "../ui/format";
import { Icon } from "../ui/icons";
import { LiveDot } from "../ui/LiveDot";
import { Breadcrumb } from "./Breadcrumb";
import { FaceNav } from "./FaceNav";
import { Search } from "./Search";
import { Who } from "./Who";

export function TopBar(): JSX.Element {
  const info = city.value.value.data;
  const wall = mode.value === "wall";
  const shown = shownFace.value?.name ?? "watch";
  return (
    <header class="topbar">
      <div class="brand">
        <strong>{t("appName")}</strong>
        {info ? <span class="brand-city"> · {named(info)}</span> : null}
      </div>
      {wall || phone.value ? null : <FaceNav />}
      {wall || phone.value || (shown !== "watch" && shown !== "cases") ? null : <Breadcrumb />}
      <Badges />
      {wall ? <span class="grow" /> : <Search />}
      <time class="clock tabular">
        {wall
          ? clockSeconds(nowTick.value + live.value.clockOffsetMs)
          : clock(nowTick.value + live.value.clockOffsetMs)}
      </time>
      <LiveDot />
      <div class="bar-buttons">
        {wall || phone.value || !may("report_incident") ? null : (
          <button type="button" class="button primary" onClick={startReport} title={`${t("reportTitle")} (n)`}>
            <Icon name="pin" />
            {t("report")}
          </button>
        )}
        <button type="button" class="button quiet" onClick={toggleLang} aria-label="English / 中文">
          {t("otherLanguage")}
        </button>
        <button
          type="button"
          class="button quiet only-icon if-room"
          onClick={toggleTheme}
          title={t("theme")}
          aria-label={t("theme")}
        >
          <Icon name="theme" />
        </button>
        {phone.value ? null : (
          <button
            type="button"
            class="button quiet only-icon"
            onClick={toggleWall}
            title={`${t(wall ? "leaveWall" : "wall")} (w)`}
            aria-label={t(wall ? "leaveWall" : "wall")}
            aria-pressed={wall}
          >
            <Icon name="wall" />
          </button>
        )}
        {wall || phone.value ? null : (
          <button
            type="button"
            class="button quiet only-icon if-room"
            onClick={() => (helpOpen.value = true)}
            title={`${t("help")} (?)`}
            aria-label={t("help")}
          >
            <Icon name="keys" />
          </button>
        )}
        <Who />
      </div>
    </header>
  );
}

function Badges(): JSX.Element | null {
  const info = city.value.value.data;
  if (!info || (!info.demo && !info.simulation)) return null;
  return (
    <div class="badges">
      {info.demo ? <span class="badge">{t("demo")}</span> : null}
      {info.simulation && !phone.value ? <span class="badge">{t("simulation")}</span> : null}
    </div>
  );
}
