/** What list and card both say of an account. */
import type { JSX } from "preact";
import { lang, t, word } from "../../i18n";
import { session, type Grant } from "../../state/session";
import type { User } from "./types";

export function Name({ user }: { user: User }): JSX.Element {
  return (
    <span class="line">
      <strong>{user.name}</strong>
      {user.name === session.value?.user ? <span class="badge">{t("userYou")}</span> : null}
      {user.demo ? <span class="badge">{t("userDemo")}</span> : null}
    </span>
  );
}

/** Full or hollow, and a word: never colour alone. */
export function UserState({ user }: { user: User }): JSX.Element {
  return (
    <span class={user.disabled ? "soft" : ""}>
      {user.disabled ? "○" : "●"} {t(user.disabled ? "userDisabled" : "userActive")}
    </span>
  );
}

export function grantText(grant: Grant): string {
  const { name, name_en, code } = grant.area;
  const area = (lang.value === "en" ? (name_en ?? name) : name) ?? String(code);
  return `${word("acts", grant.role)} · ${area}`;
}
