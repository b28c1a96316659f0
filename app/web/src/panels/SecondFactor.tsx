/** One's own second factor: set up with an authenticator app, replaced, its recovery codes, removed. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { write } from "../api/client";
import type { components } from "../api/schema";
import { t } from "../i18n";
import { deed, fieldError } from "../state/deed";
import { atFirstSignIn, loadAgain, loadSession, session } from "../state/session";
import { CodeInput } from "../ui/CodeInput";
import { Confirm } from "../ui/Confirm";
import { Dialog } from "../ui/Dialog";
import { Labelled } from "../ui/Labelled";
import { Refused } from "../ui/Refused";
import { saveRows } from "../ui/save";
import { withStepUp } from "../ui/StepUp";
import "../styles/face.css";

type BegunFactor = components["schemas"]["BegunFactor"];
type RecoveryCodes = components["schemas"]["RecoveryCodes"];

const PATH = "/api/v1/session/second_factor";
export const secondFactorOpen = signal(false);

/** Stands once in the page. */
export function SecondFactorDialog(): JSX.Element | null {
  if (!secondFactorOpen.value) return null;
  const close = (): void => void (secondFactorOpen.value = false);
  return (
    <Dialog title={t("secondFactor")} onClose={close}>
      <Own close={close} />
    </Dialog>
  );
}

function Own({ close }: { close: () => void }): JSX.Element {
  const [deeds] = useState(deed);
  // Not read anew: the codes are still to be shown when the factor counts.
  const [setting, setSetting] = useState(session.peek()?.second_factor !== true);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const info = session.value;
  if (codes) return <Codes codes={codes} done={close} />;
  if (setting || !info) return <SetUp why={t("secondFactorWhy")} done={close} />;
  const renew = (): Promise<boolean> =>
    deeds.run("renew", async () => {
      const made = await withStepUp(() => write<RecoveryCodes>("POST", `${PATH}/recovery_codes`));
      await loadSession();
      setCodes(made.codes);
    });
  const remove = (): Promise<boolean> =>
    deeds.run("remove", async () => {
      await withStepUp(() => write<undefined>("DELETE", PATH));
      await loadSession();
      if (atFirstSignIn()) loadAgain();
      else close();
    });
  const busy = deeds.busy.value !== "";
  return (
    <>
      <p>✓ {t("secondFactorOn", { n: info.recovery_codes })}</p>
      <Refused problem={deeds.problem.value} />
      <div class="form-actions">
        <button type="button" class="button small" disabled={busy} onClick={() => setSetting(true)}>
          {t("secondFactorReplace")}
        </button>
        <button type="button" class="button small" disabled={busy} onClick={() => void renew()}>
          {t("recoveryCodesRenew")}
        </button>
        <Confirm
          text={t("secondFactorRemove")}
          sure={t("secondFactorRemoveSure")}
          disabled={busy}
          onSure={() => void remove()}
        />
      </div>
    </>
  );
}

/** The secret is shown, one code of it is asked for, then the recovery codes are shown. */
export function SetUp({ why, done }: { why: string; done: () => void }): JSX.Element {
  const [deeds] = useState(deed);
  const [begun, setBegun] = useState<BegunFactor | null>(null);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const code = useRef<HTMLInputElement>(null);
  const busy = deeds.busy.value !== "";
  const problem = deeds.problem.value;
  if (codes) return <Codes codes={codes} done={done} />;
  const begin = (): Promise<boolean> =>
    deeds.run("begin", async () => setBegun(await withStepUp(() => write<BegunFactor>("POST", PATH))));
  const confirm = async (): Promise<void> => {
    const given = { code: code.current?.value.trim() ?? "" };
    const right = await deeds.run("confirm", async () => {
      const made = await withStepUp(() => write<RecoveryCodes>("POST", `${PATH}/confirm`, given));
      await loadSession();
      setCodes(made.codes);
    });
    if (!right && code.current) code.current.value = "";
    if (!right) code.current?.focus();
  };
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        void (begun ? confirm() : begin());
      }}
    >
      <p class="soft">{why}</p>
      {begun ? (
        <>
          <div class="form-field">
            <span>{t("secondFactorKey")}</span>
            <code class="secret">{begun.secret}</code>
            <p class="soft field-hint">{t("secondFactorKeyHint")}</p>
            <a class="link" href={begun.uri}>
              {t("secondFactorOpen")}
            </a>
          </div>
          <Labelled
            id="factor-code"
            label={t("secondFactorFirst")}
            hint={t("secondFactorFirstHint")}
            error={problem?.kind === "wrong-code" ? t("signInCodeWrong") : fieldError(problem, "code")}
          >
            <CodeInput id="factor-code" field={code} />
          </Labelled>
        </>
      ) : null}
      <Refused problem={problem} but={["code"]} />
      <div class="form-actions">
        <button type="submit" class="button primary" disabled={busy}>
          {t(begun ? "confirm" : "secondFactorBegin")}
        </button>
      </div>
    </form>
  );
}

/** Told once. */
function Codes({ codes, done }: { codes: readonly string[]; done: () => void }): JSX.Element {
  const save = (): void =>
    saveRows(
      "recovery-codes.csv",
      ["code"],
      codes.map((code) => [code]),
    );
  return (
    <div class="form">
      <h2>{t("recoveryCodes")}</h2>
      <p>{t("recoveryCodesWhy")}</p>
      <ul class="secrets">
        {codes.map((code) => (
          <li key={code}>
            <code class="secret">{code}</code>
          </li>
        ))}
      </ul>
      <div class="form-actions">
        <button type="button" class="button" onClick={save}>
          {t("releaseCodesSave")}
        </button>
        <button type="button" class="button primary" onClick={done}>
          {t("recoveryCodesKept")}
        </button>
      </div>
    </div>
  );
}
