/**
 * The password once more, with the code of a second factor, right before what is protected.
 * Wrap the call: `withStepUp(() => caseApi.reveal(id, reason))`.
 * When the server asks for it the dialog opens, and the call is made again once the password was right.
 */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { write } from "../api/client";
import { asProblem, Problem } from "../api/problem";
import { t } from "../i18n";
import { asking, askPassword, type Why } from "../state/password";
import { provider, REFUSED, stepUpAtProvider, stepUpRefusal } from "../state/provider";
import { session, type SessionInfo } from "../state/session";
import { CodeInput } from "./CodeInput";
import { Dialog } from "./Dialog";
import { reason } from "./states";

/** Kind of the problem with which a call ends whose dialog was closed: nothing to show. */
export const CANCELLED = "cancelled";

/**
 * Make a call, with the password first if the server wants it.
 *
 * Throws the call's Problem; one of kind `cancelled` when the dialog was closed.
 */
export async function withStepUp<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (thrown) {
    const problem = asProblem(thrown);
    if (problem.kind !== "step-up") throw problem;
    if (!(await askPassword("protected"))) throw new Problem(403, problem.title, problem.detail, [], null, CANCELLED);
    return await call();
  }
}

/** Why it is asked for: of a password here, and of the provider. */
const WORDS = {
  protected: ["stepUpWhy", "stepUpAtWhy"],
  watching: ["watchingPassword", "watchingPasswordAt"],
} as const;

/** Refusals that are about the code, not the password. */
const ABOUT_CODE: ReadonlySet<string> = new Set(["code-needed", "wrong-code"]);

/** Stands once in the page. */
export function StepUpDialog(): JSX.Element | null {
  const waiting = asking.value;
  if (!waiting) return null;
  const end = (right: boolean): void => {
    if (asking.peek() === waiting) waiting.done(right);
  };
  return (
    <Dialog title={t("stepUp")} onClose={() => end(false)}>
      <Ask why={waiting.why} onRight={() => end(true)} />
    </Dialog>
  );
}

function Ask({ why, onRight }: { why: Why; onRight: () => void }): JSX.Element {
  const password = useRef<HTMLInputElement>(null);
  const code = useRef<HTMLInputElement>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const [elsewhere, setElsewhere] = useState<string | null>(null);
  const may = session.value;
  const aboutCode = problem !== null && ABOUT_CODE.has(problem.kind);
  useEffect(() => password.current?.focus(), []);
  useEffect(() => {
    if (session.peek()?.linked) void provider().then(setElsewhere);
    return () => void (stepUpRefusal.value = null);
  }, []);
  const send = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      const given = code.current?.value.trim() ?? "";
      const body = { password: password.current?.value ?? "", ...(given === "" ? {} : { code: given }) };
      session.value = await write<SessionInfo>("POST", "/api/v1/session/step_up", body);
      onRight();
    } catch (thrown) {
      const refused = asProblem(thrown);
      setProblem(refused);
      setBusy(false);
      const wrong = ABOUT_CODE.has(refused.kind) ? code.current : password.current;
      if (wrong) wrong.value = "";
      wrong?.focus();
    }
  };
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy) void send();
      }}
    >
      <p class="soft">{t(WORDS[why][may?.has_password ? 0 : 1])}</p>
      {stepUpRefusal.value ? (
        <p class="field-error" role="alert">
          {t(REFUSED[stepUpRefusal.value])}
        </p>
      ) : null}
      {may?.has_password ? (
        <>
          <input type="text" name="user" autocomplete="username" value={may.user} readOnly hidden />
          <div class="form-field">
            <label for="step-up-password">{t("signInPassword")}</label>
            <input
              id="step-up-password"
              ref={password}
              type="password"
              autocomplete="current-password"
              maxLength={200}
              required
            />
            {problem && !aboutCode ? (
              <p class="field-error" role="alert">
                {whyNot(problem)}
              </p>
            ) : null}
          </div>
          {may.second_factor ? (
            <div class="form-field">
              <label for="step-up-code">{t("signInCode")}</label>
              <CodeInput id="step-up-code" field={code} />
              {problem && aboutCode ? (
                <p class="field-error" role="alert">
                  {whyNot(problem)}
                </p>
              ) : null}
            </div>
          ) : null}
        </>
      ) : null}
      <div class="form-actions">
        {may?.has_password ? (
          <button type="submit" class="button primary" disabled={busy}>
            {t("confirm")}
          </button>
        ) : null}
        {elsewhere !== null ? (
          <button type="button" class="button" onClick={stepUpAtProvider}>
            {t("stepUpAt", { name: elsewhere })}
          </button>
        ) : null}
      </div>
    </form>
  );
}

function whyNot(problem: Problem): JSX.Element | string {
  if (problem.kind === "wrong-code") return t("signInCodeWrong");
  if (problem.kind === "wrong-credentials") return t("stepUpWrong");
  if (problem.status === 429) return t("signInWait", { s: /(\d+) s/.exec(problem.detail)?.[1] ?? "…" });
  return reason(problem);
}
