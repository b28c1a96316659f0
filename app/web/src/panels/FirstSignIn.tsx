/** What stands before the page until the account is its post's alone: another password, its code, a second factor. */
import { effect } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { write } from "../api/client";
import { t } from "../i18n";
import { deed, fieldError } from "../state/deed";
import { toggleLang } from "../state/language";
import { asking } from "../state/password";
import { loadSession, session, signOut } from "../state/session";
import { Labelled } from "../ui/Labelled";
import { Refused } from "../ui/Refused";
import { SetUp } from "./SecondFactor";
import "../styles/panels.css";
import "../styles/face.css";

export function FirstSignIn({ done }: { done: () => void }): JSX.Element {
  const info = session.value;
  const [factor] = useState(info !== null && !info.awaits_code && !info.first_password);
  // Nobody is asked for a password here: who has let the session become idle signs in anew.
  useEffect(
    () =>
      effect(() => {
        if (asking.value !== null) void signOut(false);
      }),
    [],
  );
  return <main class="sign-in">{factor ? <Factor done={done} /> : <Own done={done} />}</main>;
}

/** The account's role must have a second factor. */
function Factor({ done }: { done: () => void }): JSX.Element {
  return (
    <section class="sign-in-card">
      <header>
        <h1>{t("secondFactor")}</h1>
        <button type="button" class="button quiet" onClick={toggleLang} aria-label="English / 中文">
          {t("otherLanguage")}
        </button>
      </header>
      <SetUp why={t("secondFactorMust")} done={done} />
      <button type="button" class="button" onClick={() => void signOut(false)}>
        {t("signOut")}
      </button>
    </section>
  );
}

function Own({ done }: { done: () => void }): JSX.Element {
  const [deeds] = useState(deed);
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [again, setAgain] = useState("");
  const [code, setCode] = useState("");
  const [differ, setDiffer] = useState(false);
  const info = session.value;
  const problem = deeds.problem.value;
  /** whoever signed in at the provider has no password here */
  const asksPassword = info?.awaits_code === true ? !info.by_provider : true;
  const send = async (): Promise<void> => {
    const differs = asksPassword && fresh !== again;
    setDiffer(differs);
    if (differs) return;
    const did = await deeds.run("first", async () => {
      if (info?.awaits_code) {
        const body = asksPassword ? { code, new_password: fresh } : { code };
        await write<undefined>("POST", "/api/v1/session/release", body);
      } else {
        await write<undefined>("POST", "/api/v1/session/password", { old_password: old, new_password: fresh });
      }
      await loadSession();
    });
    if (did) done();
  };
  return (
    <form
      class="form"
      aria-busy={deeds.busy.value !== ""}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <header>
        <h1>{t("firstSignIn")}</h1>
        <button type="button" class="button quiet" onClick={toggleLang} aria-label="English / 中文">
          {t("otherLanguage")}
        </button>
      </header>
      <input type="text" name="user" autocomplete="username" value={info?.user ?? ""} readOnly hidden />
      {info?.awaits_code ? (
        <Labelled
          id="first-code"
          label={t("releaseCode")}
          hint={t("releaseCodeWhy")}
          error={fieldError(problem, "code")}
        >
          <input
            id="first-code"
            required
            maxLength={40}
            autocomplete="one-time-code"
            autocapitalize="characters"
            spellcheck={false}
            value={code}
            onInput={(event) => setCode(event.currentTarget.value)}
          />
        </Labelled>
      ) : (
        <Secret
          id="first-old"
          label={t("ownPasswordOld")}
          complete="current-password"
          value={old}
          set={setOld}
          error={fieldError(problem, "old_password")}
        />
      )}
      {asksPassword ? (
        <>
          <p class="soft">{t("firstPasswordWhy")}</p>
          <Secret
            id="first-new"
            label={t("ownPasswordNew")}
            hint={t("ownPasswordRule")}
            complete="new-password"
            value={fresh}
            set={setFresh}
            error={fieldError(problem, "new_password")}
          />
          <Secret
            id="first-again"
            label={t("ownPasswordAgain")}
            complete="new-password"
            value={again}
            set={setAgain}
            error={differ ? t("ownPasswordDiffer") : undefined}
          />
        </>
      ) : null}
      <Refused problem={problem} but={["old_password", "new_password", "code"]} />
      <button type="submit" class="button primary" disabled={deeds.busy.value !== ""}>
        {t("confirm")}
      </button>
      <button type="button" class="button" onClick={() => void signOut(false)}>
        {t("signOut")}
      </button>
    </form>
  );
}

function Secret({
  id,
  label,
  hint,
  complete,
  value,
  set,
  error,
}: {
  id: string;
  label: string;
  hint?: string;
  complete: "current-password" | "new-password";
  value: string;
  set: (text: string) => void;
  error: Parameters<typeof Labelled>[0]["error"];
}): JSX.Element {
  return (
    <Labelled id={id} label={label} {...(hint === undefined ? {} : { hint })} error={error}>
      <input
        id={id}
        type="password"
        required
        maxLength={200}
        autocomplete={complete}
        value={value}
        onInput={(event) => set(event.currentTarget.value)}
      />
    </Labelled>
  );
}
