/** The way in: login and password of a staff post, and the code of its second factor where it has one. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Problem } from "../api/problem";
import { lang, t } from "../i18n";
import { toggleLang } from "../state/language";
import { goToProvider, provider, REFUSED, takeRefusal, type Refusal } from "../state/provider";
import { signIn, type Outside } from "../state/session";
import { CodeInput } from "../ui/CodeInput";
import { reason } from "../ui/states";

const MOST_LABEL_CHARS = 60;

export function SignIn({ outside, entered }: { outside: Outside; entered: () => void }): JSX.Element {
  const [problem, setProblem] = useState<Problem | null>(outside.problem);
  const [refusal, setRefusal] = useState<Refusal | null>(takeRefusal);
  const [elsewhere, setElsewhere] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const user = useRef<HTMLInputElement>(null);
  const password = useRef<HTMLInputElement>(null);
  const code = useRef<HTMLInputElement>(null);
  const label = useRef<HTMLInputElement>(null);
  const [asksCode, setAsksCode] = useState(false);
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
    const refused = await signIn(user.current?.value.trim() ?? "", password.current?.value ?? "", {
      code: code.current?.value.trim() ?? "",
      label: label.current?.value.trim() ?? "",
    });
    setBusy(false);
    if (refused === null) {
      entered();
      return;
    }
    if (refused.kind === "code-needed") {
      // The password was right: only the code is missing.
      setAsksCode(true);
      return;
    }
    setProblem(refused);
    const wrong = refused.kind === "wrong-code" ? code.current : refused.status === 401 ? password.current : null;
    if (wrong) wrong.value = "";
    (wrong ?? password.current)?.focus();
  };
  useEffect(() => {
    if (asksCode) code.current?.focus();
  }, [asksCode]);
  const another = (): void => {
    setAsksCode(false);
    setProblem(null);
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
          <input
            ref={user}
            name="user"
            autocomplete="username"
            autocapitalize="none"
            spellcheck={false}
            maxLength={100}
            required
            onInput={another}
          />
        </label>
        <label>
          {t("signInPassword")}
          <input
            ref={password}
            name="password"
            type="password"
            autocomplete="current-password"
            maxLength={200}
            required
          />
        </label>
        {asksCode ? (
          <label>
            {t("signInCode")}
            <CodeInput name="code" field={code} />
            <span class="soft">{t("signInCodeHint")}</span>
          </label>
        ) : null}
        <details class="sign-in-more">
          <summary class="link soft">{t("signInLabelShow")}</summary>
          <label>
            {t("sessionLabel")}
            <input ref={label} name="label" autocomplete="off" maxLength={MOST_LABEL_CHARS} />
            <span class="soft">{t("signInLabelHint")}</span>
          </label>
        </details>
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
  if (problem.kind === "wrong-code") return t("signInCodeWrong");
  if (problem.status === 401) return t("signInWrong");
  if (problem.status === 429) return t("signInWait", { s: /(\d+) s/.exec(problem.detail)?.[1] ?? "…" });
  return reason(problem);
}
