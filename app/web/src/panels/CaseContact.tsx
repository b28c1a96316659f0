/**
 * The one contact of a case. It is never part of the case: it is asked for with a reason, after the password, for one look,
 * and goes again by itself. What was shown lives in this component only.
 */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { caseApi, type CaseDetail, type Contact } from "../api/cases";
import { asProblem, type Problem } from "../api/problem";
import { t } from "../i18n";
import { incidentDetail } from "../state/data";
import { fieldError } from "../state/deed";
import { may } from "../state/session";
import { nowTick } from "../state/store";
import { Confirm } from "../ui/Confirm";
import { Dialog } from "../ui/Dialog";
import { Labelled } from "../ui/Labelled";
import { refusal } from "../ui/refusal";
import { reason as whyNot } from "../ui/states";
import { CANCELLED, withStepUp } from "../ui/StepUp";

const SHOWN_MS = 60_000;

interface Shown {
  readonly contact: Contact;
  readonly until: number;
}

export function CaseContact({ incident }: { incident: CaseDetail }): JSX.Element | null {
  const [asking, setAsking] = useState<"reveal" | "change" | null>(null);
  const [shown, setShown] = useState<Shown | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    setProblem(null);
    setShown(null);
    setAsking(null);
  }, [incident.no]);
  useEffect(() => {
    if (!shown) return undefined;
    const timer = window.setTimeout(() => setShown(null), Math.max(0, shown.until - Date.now()));
    return () => window.clearTimeout(timer);
  }, [shown]);
  const canReveal = incident.has_contact && may("reveal_contact");
  const canChange = may("put_contact") && incident.stage !== "closed";
  if (!incident.has_contact && !canChange) return null;
  return (
    <section class="case-part case-contact">
      <h3>{t("contact")}</h3>
      {shown ? (
        <ShownContact shown={shown} onHide={() => setShown(null)} />
      ) : (
        <div class="line">
          <span class="soft">{t(incident.has_contact ? "contactThere" : "contactNone")}</span>
          {canReveal ? (
            <button type="button" class="button small" onClick={() => setAsking("reveal")}>
              {t("contactShow")}
            </button>
          ) : null}
          {canChange ? (
            <button type="button" class="button quiet small" onClick={() => setAsking("change")}>
              {t(incident.has_contact ? "contactChange" : "contactAdd")}
            </button>
          ) : null}
          {incident.has_contact && may("delete_contact") ? (
            <Confirm
              text={t("contactErase")}
              sure={t("contactEraseSure")}
              onSure={() => void erase(incident.id).then(setProblem)}
            />
          ) : null}
          {problem ? (
            <p class="field-error" role="alert">
              {whyNot(problem)}
            </p>
          ) : null}
        </div>
      )}
      {asking === "reveal" ? (
        <Reveal
          id={incident.id}
          onClose={() => setAsking(null)}
          onShown={(contact) => {
            setAsking(null);
            setShown({ contact, until: Date.now() + SHOWN_MS });
          }}
        />
      ) : null}
      {asking === "change" ? <Change id={incident.id} onClose={() => setAsking(null)} /> : null}
    </section>
  );
}

async function erase(id: string): Promise<Problem | null> {
  try {
    await withStepUp(() => caseApi.eraseContact(id));
    incidentDetail.retry();
    return null;
  } catch (thrown) {
    const problem = asProblem(thrown);
    return problem.kind === CANCELLED ? null : problem;
  }
}

function ShownContact({ shown, onHide }: { shown: Shown; onHide: () => void }): JSX.Element {
  const { name, phone, note } = shown.contact;
  const left = Math.max(0, Math.ceil((shown.until - nowTick.value) / 1000));
  return (
    <div class="contact-shown" role="status">
      <dl class="fields">
        {name ? (
          <div class="field-row">
            <dt>{t("contactName")}</dt>
            <dd>{name}</dd>
          </div>
        ) : null}
        {phone ? (
          <div class="field-row">
            <dt>{t("contactPhone")}</dt>
            <dd class="tabular">{phone}</dd>
          </div>
        ) : null}
        {note ? (
          <div class="field-row">
            <dt>{t("contactNote")}</dt>
            <dd>{note}</dd>
          </div>
        ) : null}
      </dl>
      <div class="line">
        <button type="button" class="button small" onClick={onHide}>
          {t("contactHide")}
        </button>
        <span class="soft tabular">{t("contactHidesIn", { s: left })}</span>
      </div>
    </div>
  );
}

function Reveal({
  id,
  onClose,
  onShown,
}: {
  id: string;
  onClose: () => void;
  onShown: (contact: Contact) => void;
}): JSX.Element {
  const [why, setWhy] = useState("");
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const send = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      onShown(await withStepUp(() => caseApi.reveal(id, why.trim())));
    } catch (thrown) {
      const failed = asProblem(thrown);
      if (failed.kind !== CANCELLED) setProblem(failed);
      setBusy(false);
    }
  };
  return (
    <Dialog title={t("contactShow")} onClose={onClose}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy && why.trim() !== "") void send();
        }}
      >
        <p class="soft">{t("contactWhy")}</p>
        <Labelled id="contact-reason" label={t("field_reason")} error={problem ? refusal(problem) : undefined}>
          <input
            id="contact-reason"
            value={why}
            maxLength={200}
            required
            onInput={(event) => setWhy(event.currentTarget.value)}
          />
        </Labelled>
        <div class="form-actions">
          <button type="submit" class="button primary" disabled={busy || why.trim() === ""}>
            {t("contactShow")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

const PARTS = [
  { name: "name", label: "contactName", most: 60 },
  { name: "phone", label: "contactPhone", most: 32 },
  { name: "note", label: "contactNote", most: 300 },
] as const;

function Change({ id, onClose }: { id: string; onClose: () => void }): JSX.Element {
  const [typed, setTyped] = useState({ name: "", phone: "", note: "" });
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const filled = Object.fromEntries<string>(
    Object.entries(typed)
      .map(([key, value]) => [key, value.trim()] as const)
      .filter(([, value]) => value !== ""),
  );
  const nothing = !typed.name.trim() && !typed.phone.trim() && !typed.note.trim();
  const send = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      await withStepUp(() => caseApi.setContact(id, filled));
      incidentDetail.retry();
      onClose();
    } catch (thrown) {
      const failed = asProblem(thrown);
      if (failed.kind !== CANCELLED) setProblem(failed);
      setBusy(false);
    }
  };
  return (
    <Dialog title={t("contactChange")} onClose={onClose}>
      <form
        class="form"
        autocomplete="off"
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy && !nothing) void send();
        }}
      >
        <p class="soft">{t("contactChangeWhy")}</p>
        {PARTS.map(({ name, label, most }) => (
          <Labelled key={name} id={`contact-${name}`} label={t(label)} error={fieldError(problem, name)}>
            <input
              id={`contact-${name}`}
              inputMode={name === "phone" ? "tel" : "text"}
              maxLength={most}
              value={typed[name]}
              onInput={(event) => setTyped({ ...typed, [name]: event.currentTarget.value })}
            />
          </Labelled>
        ))}
        {problem && problem.fields.length === 0 ? (
          <p class="field-error" role="alert">
            {whyNot(problem)}
          </p>
        ) : null}
        <div class="form-actions">
          <button type="submit" class="button primary" disabled={busy || nothing}>
            {t("confirm")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
