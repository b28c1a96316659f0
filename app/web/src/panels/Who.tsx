/** Who is signed in, as what and where; another grant, and the way out. */
import type { JSX } from "preact";
import { lang, t, word } from "../i18n";
import { toggleTheme } from "../state/actions";
import { activeGrant, may, session, signOut, switchGrant, type Grant } from "../state/session";
import { helpOpen, phone } from "../state/store";
import { Icon } from "../ui/icons";
import { ownPasswordOpen } from "./OwnPassword";
import { ownSessionsOpen } from "./OwnSessions";
import { secondFactorOpen } from "./SecondFactor";

export function Who(): JSX.Element | null {
  const info = session.value;
  const active = activeGrant();
  if (!info || !active) return null;
  return (
    <details class="who" onKeyDown={closeOnEscape}>
      <summary
        class="button quiet"
        title={`${info.user} · ${grantText(active)}`}
        aria-label={`${info.user}, ${grantText(active)}`}
      >
        <Icon name="who" />
        <span class="who-text">{grantText(active)}</span>
      </summary>
      <div class="menu who-menu">
        <p class="who-user">{info.user}</p>
        <p class="soft">{t("whoGrants")}</p>
        {info.grants.map((grant) => (
          <button
            key={grant.id}
            type="button"
            class="button quiet"
            aria-pressed={grant.id === info.active}
            disabled={grant.id === info.active}
            onClick={() => void switchGrant(grant.id)}
          >
            {grant.id === info.active ? "✓ " : ""}
            {grantText(grant)}
          </button>
        ))}
        <hr />
        <button type="button" class="button quiet" onClick={toggleTheme}>
          <Icon name="theme" />
          {t("theme")}
        </button>
        {phone.value ? null : (
          <button type="button" class="button quiet" onClick={() => (helpOpen.value = true)}>
            <Icon name="keys" />
            {t("help")} (?)
          </button>
        )}
        <hr />
        {may("change_own_password") ? (
          <button type="button" class="button quiet" onClick={() => (ownPasswordOpen.value = true)}>
            {t("ownPassword")}
          </button>
        ) : null}
        {may("begin_second_factor") ? (
          <button type="button" class="button quiet" onClick={() => (secondFactorOpen.value = true)}>
            {t("secondFactor")}
          </button>
        ) : null}
        {may("list_sessions") ? (
          <button type="button" class="button quiet" onClick={() => (ownSessionsOpen.value = true)}>
            {t("ownSessions")}
          </button>
        ) : null}
        <button type="button" class="button quiet" onClick={() => void signOut(false)}>
          {t("signOut")}
        </button>
        <button type="button" class="button quiet" onClick={() => void signOut(true)}>
          {t("signOutEverywhere")}
        </button>
      </div>
    </details>
  );
}

function grantText(grant: Grant): string {
  const { name, name_en, code } = grant.area;
  const area = (lang.value === "en" ? (name_en ?? name) : name) ?? String(code);
  return `${word("acts", grant.role)} · ${area}`;
}

function closeOnEscape(event: KeyboardEvent & { currentTarget: HTMLDetailsElement }): void {
  if (event.key !== "Escape") return;
  event.stopPropagation();
  event.currentTarget.open = false;
  event.currentTarget.querySelector("summary")?.focus();
}
