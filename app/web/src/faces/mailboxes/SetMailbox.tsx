/** The mailbox of a desk: the unit's call sign, and where to. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../i18n";
import { fieldError } from "../../state/deed";
import { Side } from "../../ui/FaceFrame";
import { Labelled } from "../../ui/Labelled";
import { Refused } from "../../ui/Refused";
import { deeds, open, put } from "./state";

export function SetMailbox(): JSX.Element {
  const [callSign, setCallSign] = useState("");
  const [mailbox, setMailbox] = useState("");
  const problem = deeds.problem.value;
  return (
    <Side title={t("mailboxAdd")} onClose={() => open("")}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void put(callSign.trim(), mailbox.trim());
        }}
      >
        <Labelled
          id="m-unit"
          label={t("mailboxUnit")}
          hint={t("mailboxUnitHint")}
          error={fieldError(problem, "call_sign")}
        >
          <input
            id="m-unit"
            required
            maxLength={80}
            autocomplete="off"
            spellcheck={false}
            value={callSign}
            onInput={(event) => setCallSign(event.currentTarget.value)}
          />
        </Labelled>
        <Labelled id="m-box" label={t("mailboxTo")} hint={t("mailboxToHint")} error={fieldError(problem, "mailbox")}>
          <input
            id="m-box"
            type="email"
            required
            maxLength={254}
            autocomplete="off"
            value={mailbox}
            onInput={(event) => setMailbox(event.currentTarget.value)}
          />
        </Labelled>
        <Refused problem={problem} but={["call_sign", "mailbox"]} />
        <div class="form-actions">
          <button type="submit" class="button primary" disabled={deeds.busy.value !== ""}>
            {t("save")}
          </button>
          <button type="button" class="button" onClick={() => open("")}>
            {t("cancel")}
          </button>
        </div>
      </form>
    </Side>
  );
}
