/** A new account: a login and a first password; its grants come next. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../i18n";
import { fieldError } from "../../state/deed";
import { Side } from "../../ui/FaceFrame";
import { Labelled } from "../../ui/Labelled";
import { Refused } from "../../ui/Refused";
import { add, deeds, open } from "./state";

export function NewUser(): JSX.Element {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const problem = deeds.problem.value;
  return (
    <Side title={t("userAdd")} onClose={() => open("")}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void add(name.trim(), password);
        }}
      >
        <Labelled id="u-name" label={t("userName")} hint={t("userNameHint")} error={fieldError(problem, "name")}>
          <input
            id="u-name"
            required
            maxLength={60}
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </Labelled>
        <Labelled
          id="u-password"
          label={t("userPassword")}
          hint={t("userPasswordHint")}
          error={fieldError(problem, "password")}
        >
          <input
            id="u-password"
            type="password"
            required
            maxLength={200}
            autocomplete="new-password"
            value={password}
            onInput={(event) => setPassword(event.currentTarget.value)}
          />
        </Labelled>
        <Refused problem={problem} but={["name", "password"]} />
        <div class="form-actions">
          <button type="submit" class="button primary" disabled={deeds.busy.value !== ""}>
            {t("userAdd")}
          </button>
          <button type="button" class="button" onClick={() => open("")}>
            {t("cancel")}
          </button>
        </div>
      </form>
    </Side>
  );
}
