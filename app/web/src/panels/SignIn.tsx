/** The way in: login and password of a staff post. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Problem } from "../api/problem";
import { lang, t } from "../i18n";
import { toggleLang } from "../state/language";
import { goToProvider, provider, REFUSED, takeRefusal, type Refusal } from "../state/provider";
import { signIn, type Outside } from "../state/session";
import { reason } from "../ui/states";

export function SignIn({ outside, entered }: { outside: Outside; entered: () => void }): JSX.Element {
  const [problem, setProblem] = useState<Problem | null>(outside.problem);
  const [refusal, setRefusal] = useState<Refusal | null>(takeRefusal);
  const [elsewhere, setElsewhere] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const user = useRef<HTMLInputElement>(null);
  const password = useRef<HTMLInputElement>(null);
  useEffect(() => user.current?.focus(), []);
  useEffect(() => void provider().then(setElsewhere), []);
  useEffect(() => {
    document.documentElement.lang = lang.value === "zh" ? "zh-CN" : "en";
    document.title = `${t("appName")} · ${t("signIn")}`;
  });
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setProblem(null);
    setRefusal(null);
    const refused = await signIn(user.current?.value.trim() ?? "", password.current?.value ?? "");
    setBusy(false);
    if (refused === null) {
      entered();
      return;
    }
    setProblem(refused);
    if (password.current) password.current.value = "";
    password.current?.focus();
  };
  return (
    <main class="sign-in">
      <form onSubmit={(event) => void submit(event)} aria-busy={busy}>
        <header>
          <h1>{t("appName")}</h1>
          <button type="button" class="button quiet" onClick={toggleLang} aria-label="English / 中文">
            {t("otherLanguage")}
          </button>
        </header>
        <label>
          {t("signInUser")}
          <input ref={user} name="user" autocomplete="username" autocapitalize="none" spellcheck={false} maxLength={100} required />
        </label>
        <label>
          {t("signInPassword")}
          <input ref={password} name="password" type="password" autocomplete="current-password" maxLength={200} required />
        </label>
        <p class="sign-in-problem bad" role="alert">
          {problem ? whyNot(problem) : refusal ? t(REFUSED[refusal]) : ""}
        </p>
        <button type="submit" class="button primary" disabled={busy}>
          {t(busy ? "signInBusy" : "signIn")}
        </button>
        {elsewhere !== null ? (
          <button type="button" class="button" onClick={goToProvider}>
            {t("signInAt", { name: elsewhere })}
          </button>
        ) : null}
        {outside.demo ? <p class="soft sign-in-demo">{t("signInDemo")}</p> : null}
      </form>
    </main>
  );
}

function whyNot(problem: Problem): JSX.Element | string {
  if (problem.status === 401) return t("signInWrong");
  if (problem.status === 429) return t("signInWait", { s: /(\d+) s/.exec(problem.detail)?.[1] ?? "…" });
  return reason(problem);
}
