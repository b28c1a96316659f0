/** One table: who was called to it, when it meets, what came of it and whether it was kept. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Chain } from "../../panels/Chain";
import { t, word } from "../../i18n";
import { nowTick } from "../../state/store";
import { CaseLink } from "../../ui/CaseLink";
import { Side } from "../../ui/FaceFrame";
import { moment } from "../../ui/format";
import { Labelled } from "../../ui/Labelled";
import { Refused } from "../../ui/Refused";
import { Meeting } from "./Meeting";
import { People } from "./People";
import { Progress } from "./parts";
import { Result } from "./Result";
import { cancel, deeds, mayDo, open } from "./state";
import type { Mediation } from "./types";

export function RoomCard({ mediation }: { mediation: Mediation }): JSX.Element {
  const { incident } = mediation;
  return (
    <Side
      title={incident.title}
      lead={
        <>
          <Progress state={mediation.state} />
          <CaseLink no={incident.no} />
          <span class="soft">{word("status", incident.status)}</span>
        </>
      }
      onClose={() => open("")}
    >
      <p>
        <Chain links={incident.chain} />
      </p>
      <Refused problem={deeds.problem.value} but={["terms", "amount_yuan", "due_on", "outcome", "reason"]} />
      <People mediation={mediation} />
      <Meeting mediation={mediation} />
      <Result mediation={mediation} />
      <History mediation={mediation} />
      {mayDo(mediation, "cancel") ? <Cancel mediation={mediation} /> : null}
    </Side>
  );
}

function History({ mediation }: { mediation: Mediation }): JSX.Element {
  return (
    <section>
      <h3>{t("mediationHistory")}</h3>
      <ol class="timeline">
        {[...mediation.history].reverse().map((entry, i) => (
          <li key={i}>
            <time class="tabular soft">{moment(entry.at, nowTick.value)}</time>
            <div>
              <strong>{word("medwhat", entry.what)}</strong> <span class="tabular">{entry.unit}</span>{" "}
              <span class="soft">{entry.by_role ? word("acts", entry.by_role) : ""}</span>
              {entry.reason ? <p class="soft">{entry.reason}</p> : null}
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Cancel({ mediation }: { mediation: Mediation }): JSX.Element {
  const [asking, setAsking] = useState(false);
  const [why, setWhy] = useState("");
  if (!asking) {
    return (
      <section class="line">
        <button type="button" class="button small" onClick={() => setAsking(true)}>
          {t("mediationCancel")}
        </button>
      </section>
    );
  }
  return (
    <section>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void cancel(mediation, why.trim());
        }}
      >
        <Labelled id="m-why" label={t("field_reason")}>
          <textarea
            id="m-why"
            rows={2}
            required
            maxLength={500}
            value={why}
            onInput={(event) => setWhy(event.currentTarget.value)}
          />
        </Labelled>
        <div class="form-actions">
          <button type="submit" class="button danger" disabled={deeds.busy.value !== ""}>
            {t("mediationCancel")}
          </button>
          <button type="button" class="button" onClick={() => setAsking(false)}>
            {t("cancel")}
          </button>
        </div>
      </form>
    </section>
  );
}
