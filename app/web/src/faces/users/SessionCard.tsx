/** One open session: what it is known by, since when, and ending it. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t, word } from "../../i18n";
import { fieldError } from "../../state/deed";
import { nowTick } from "../../state/store";
import { Confirm } from "../../ui/Confirm";
import { Side } from "../../ui/FaceFrame";
import { ago, moment } from "../../ui/format";
import { Labelled } from "../../ui/Labelled";
import { Refused } from "../../ui/Refused";
import { areaName, SessionState } from "./parts";
import { endSession, setLabel } from "./sessions";
import { deeds, open } from "./state";
import type { OpenSession } from "./types";

const MOST_CHARS = 60;

export function SessionCard({ session }: { session: OpenSession }): JSX.Element {
  const now = nowTick.value;
  return (
    <Side title={session.label ?? session.user} lead={<SessionState session={session} />} onClose={() => open("")}>
      <Refused problem={deeds.problem.value} but={["label"]} />
      <dl class="fields">
        <div class="field-row">
          <dt>{t("userName")}</dt>
          <dd>{session.user}</dd>
        </div>
        <div class="field-row">
          <dt>{t("sessionActs")}</dt>
          <dd>
            {word("acts", session.role)} · {areaName(session.area)}
          </dd>
        </div>
        <div class="field-row">
          <dt>{t("sessionSince")}</dt>
          <dd class="tabular">{moment(session.since, now)}</dd>
        </div>
        <div class="field-row">
          <dt>{t("sessionSeen")}</dt>
          <dd class="tabular">{ago(session.seen_at, now)}</dd>
        </div>
        <div class="field-row">
          <dt>{t("sessionEnds")}</dt>
          <dd class="tabular">{moment(session.ends_at, now)}</dd>
        </div>
      </dl>
      {session.role === "wall_display" ? <p class="soft">{t("sessionWallEnds")}</p> : null}
      {session.manageable ? <Manage key={session.id} session={session} /> : <p class="soft">{t("userElsewhere")}</p>}
    </Side>
  );
}

function Manage({ session }: { session: OpenSession }): JSX.Element {
  const [label, setText] = useState(session.label ?? "");
  const busy = deeds.busy.value !== "";
  return (
    <>
      <section>
        <form
          class="form-row"
          onSubmit={(event) => {
            event.preventDefault();
            void setLabel(session.id, label.trim());
          }}
        >
          <Labelled
            id="s-label"
            label={t("sessionLabel")}
            hint={t("sessionLabelHint")}
            error={fieldError(deeds.problem.value, "label")}
          >
            <input
              id="s-label"
              maxLength={MOST_CHARS}
              autocomplete="off"
              value={label}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          </Labelled>
          <button type="submit" class="button" disabled={busy}>
            {t("sessionSetLabel")}
          </button>
        </form>
      </section>
      <section class="line">
        <Confirm
          text={t("sessionEnd")}
          sure={t(session.own ? "sessionEndOwnSure" : "sessionEndSure")}
          disabled={busy}
          onSure={() => void endSession(session.id)}
        />
      </section>
    </>
  );
}
