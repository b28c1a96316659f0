/** Publishing a standard: a file and a day, what it would change, and only then the deed. */
import type { JSX } from "preact";
import { t } from "../../i18n";
import { fieldError } from "../../state/deed";
import { serverNow } from "../../state/livefeed";
import { Confirm } from "../../ui/Confirm";
import { Side } from "../../ui/FaceFrame";
import { FileInput } from "../../ui/FileInput";
import { day, number } from "../../ui/format";
import { Labelled } from "../../ui/Labelled";
import { Refused } from "../../ui/Refused";
import { Found } from "./Found";
import { askPreview, choose, deeds, file, mayPublish, openPublishing, preview, publish, validFrom } from "./state";

export function Publish(): JSX.Element {
  const problem = deeds.problem.value;
  const busy = deeds.busy.value;
  const found = preview.value;
  return (
    <Side title={t("standardPublish")} onClose={() => openPublishing(false)}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void askPreview();
        }}
      >
        <Labelled
          id="s-file"
          label={t("standardFile")}
          hint={t("standardFileHint")}
          error={fieldError(problem, "file")}
        >
          <FileInput id="s-file" accept=".xlsx,.csv" choose={(file) => choose({ file })} />
        </Labelled>
        <Labelled id="s-from" label={t("standardFrom")} error={fieldError(problem, "valid_from")}>
          <input
            id="s-from"
            type="date"
            required
            min={day(serverNow())}
            value={validFrom.value}
            onInput={(event) => choose({ validFrom: event.currentTarget.value })}
          />
        </Labelled>
        <Refused problem={problem} but={["file", "valid_from"]} />
        <div class="form-actions">
          <button
            type="submit"
            class={`button ${mayPublish.value ? "" : "primary"}`}
            disabled={busy !== "" || file.value === null || validFrom.value === ""}
          >
            {t(busy === "preview" ? "standardLooking" : "standardPreview")}
          </button>
          {mayPublish.value ? (
            <Confirm
              text={t("standardPublish")}
              sure={t("standardSure", { on: validFrom.value, n: number(found?.cases.n ?? 0) })}
              disabled={busy !== ""}
              onSure={() => void publish()}
            />
          ) : null}
        </div>
      </form>
      {found ? <Found preview={found} /> : null}
    </Side>
  );
}
