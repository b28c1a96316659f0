/** What list and card both say of an account. */
import type { JSX } from "preact";
import { lang, t, word } from "../../i18n";
import { session, type Grant } from "../../state/session";
import type { OpenSession, User } from "./types";

export function Name({ user }: { user: User }): JSX.Element {
  return (
    <span class="line">
      <strong>{user.name}</strong>
      {user.name === session.value?.user ? <span class="badge">{t("userYou")}</span> : null}
      {user.demo ? <span class="badge">{t("userDemo")}</span> : null}
    </span>
  );
}

/** What stands between an account and its post. */
export function Opening({ user }: { user: User }): JSX.Element | null {
  const due = [
    ...(user.first_password ? [t("userFirstPassword")] : []),
    ...(user.awaits_code ? [t("userAwaitsCode")] : []),
  ];
  return due.length > 0 ? <span class="badge">{due.join(t("comma"))}</span> : null;
}

/** Full or hollow, and a word: never colour alone. */
export function UserState({ user }: { user: User }): JSX.Element {
  return (
    <span class={user.disabled ? "soft" : ""}>
      {user.disabled ? "○" : "●"} {t(user.disabled ? "userDisabled" : "userActive")}
    </span>
  );
}

export function areaName({ name, name_en, code }: Grant["area"]): string {
  return (lang.value === "en" ? (name_en ?? name) : name) ?? String(code);
}

export function grantText(grant: Grant): string {
  return `${word("acts", grant.role)} · ${areaName(grant.area)}`;
}

/** Full: somebody acts, or a wall shows; hollow: it only watches. */
export function SessionState({ session: shown }: { session: OpenSession }): JSX.Element {
  const acts = shown.role === "wall_display" ? "sessionShowing" : "sessionActing";
  return (
    <span class="line">
      <span class={shown.watching ? "soft" : ""}>
        {shown.watching ? "○" : "●"} {t(shown.watching ? "sessionWatching" : acts)}
      </span>
      {shown.own ? <span class="badge">{t("sessionOwn")}</span> : null}
    </span>
  );
}
