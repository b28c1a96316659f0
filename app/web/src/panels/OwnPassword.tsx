/** Another password for the account that is signed in: the old one, the new one, the new one again. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { write } from "../api/client";
import { t } from "../i18n";
import { deed, fieldError } from "../state/deed";
import { session } from "../state/session";
import { Dialog } from "../ui/Dialog";
import { Labelled } from "../ui/Labelled";
import { Refused } from "../ui/Refused";

export const ownPasswordOpen = signal(false);

/** Stands once in the page. */
export function OwnPasswordDialog(): JSX.Element | null {
  if (!ownPasswordOpen.value) return null;
  const close = (): void => {
    ownPasswordOpen.value = false;
  };
  return (
    <Dialog title={t("ownPassword")} onClose={close}>
      <Change close={close} />
    </Dialog>
  );
}

function Change({ close }: { close: () => void }): JSX.Element {
  const [deeds] = useState(deed);
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [again, setAgain] = useState("");
  const [differ, setDiffer] = useState(false);
  const [done, setDone] = useState(false);
  const problem = deeds.problem.value;
  const send = async (): Promise<void> => {
    setDiffer(fresh !== again);
    if (fresh !== again) return;
    const body = { old_password: old, new_password: fresh };
    setDone(await deeds.run("password", () => write<undefined>("POST", "/api/v1/session/password", body)));
  };
  if (done) {
    return (
      <>
        <p role="status">{t("ownPasswordDone")}</p>
        <div class="form-actions">
          <button type="button" class="button primary" onClick={close}>
            {t("close")}
          </button>
        </div>
      </>
    );
  }
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <input type="text" name="user" autocomplete="username" value={session.value?.user ?? ""} readOnly hidden />
      <Labelled id="own-old" label={t("ownPasswordOld")} error={fieldError(problem, "old_password")}>
        <input
          id="own-old"
          type="password"
          required
          maxLength={200}
          autocomplete="current-password"
          value={old}
          onInput={(event) => setOld(event.currentTarget.value)}
        />
      </Labelled>
      <Labelled
        id="own-new"
        label={t("ownPasswordNew")}
        hint={t("ownPasswordRule")}
        error={fieldError(problem, "new_password")}
      >
        <input
          id="own-new"
          type="password"
          required
          maxLength={200}
          autocomplete="new-password"
          value={fresh}
          onInput={(event) => setFresh(event.currentTarget.value)}
        />
      </Labelled>
      <Labelled id="own-again" label={t("ownPasswordAgain")} error={differ ? t("ownPasswordDiffer") : undefined}>
        <input
          id="own-again"
          type="password"
          required
          maxLength={200}
          autocomplete="new-password"
          value={again}
          onInput={(event) => setAgain(event.currentTarget.value)}
        />
      </Labelled>
      <Refused problem={problem} but={["old_password", "new_password"]} />
      <p class="soft">{t("ownPasswordEnds")}</p>
      <div class="form-actions">
        <button type="submit" class="button primary" disabled={deeds.busy.value !== ""}>
          {t("ownPassword")}
        </button>
        <button type="button" class="button" onClick={close}>
          {t("cancel")}
        </button>
      </div>
    </form>
  );
}
