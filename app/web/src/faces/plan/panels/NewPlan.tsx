/** A new plan: from the boundaries in force or from another plan; for an area, under a title. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../../i18n";
import { fieldError } from "../../../state/deed";
import { activeGrant } from "../../../state/session";
import { AreaChooser } from "../../../ui/AreaChooser";
import { Dialog } from "../../../ui/Dialog";
import { Labelled } from "../../../ui/Labelled";
import { Refused } from "../../../ui/Refused";
import { openedPlan } from "../state";
import { areaLabel } from "./names";
import { begin, beginning, deeds, plans } from "./plans";

const LONGEST_TITLE = 200;
const LONGEST_NOTE = 4000;

export function NewPlan(): JSX.Element | null {
  if (!beginning.value) return null;
  return (
    <Dialog title={t("planNew")} onClose={() => (beginning.value = false)}>
      <Form />
    </Dialog>
  );
}

function Form(): JSX.Element {
  const opened = openedPlan.peek();
  const [title, setTitle] = useState("");
  const [note, setNote] = useState("");
  const [parent, setParent] = useState(0);
  const [area, setArea] = useState(opened?.area_code ?? activeGrant()?.area.code ?? 0);
  const rows = plans.value.value.data?.items ?? [];
  const problem = deeds.problem.value;
  const from = (id: number): void => {
    setParent(id);
    setArea(rows.find((row) => row.id === id)?.area_code ?? area);
  };
  const send = (): void => {
    void begin({
      title: title.trim(),
      area_code: area,
      note: note.trim(),
      ...(parent === 0 ? {} : { parent_id: parent }),
    });
  };
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <Labelled id="p-title" label={t("planTitle")} error={fieldError(problem, "title")}>
        <input
          id="p-title"
          required
          maxLength={LONGEST_TITLE}
          value={title}
          onInput={(event) => setTitle(event.currentTarget.value)}
        />
      </Labelled>
      <Labelled id="p-from" label={t("planFrom")} error={fieldError(problem, "parent_id")}>
        <select id="p-from" value={String(parent)} onChange={(event) => from(Number(event.currentTarget.value))}>
          <option value="0">{t("planFromToday")}</option>
          {rows.map((row) => (
            <option key={row.id} value={String(row.id)}>
              {row.title} · {areaLabel(row.area_code)}
            </option>
          ))}
        </select>
      </Labelled>
      <Labelled
        id="p-area"
        label={t("planArea")}
        hint={t(parent === 0 ? "planAreaHint" : "planAreaOfParent")}
        error={fieldError(problem, "area_code")}
      >
        <AreaChooser id="p-area" value={area} onChoose={(found) => setArea(found?.code ?? 0)} />
      </Labelled>
      <Labelled id="p-note" label={`${t("planNote")} (${t("optional")})`} error={fieldError(problem, "note")}>
        <textarea
          id="p-note"
          rows={3}
          maxLength={LONGEST_NOTE}
          value={note}
          onInput={(event) => setNote(event.currentTarget.value)}
        />
      </Labelled>
      <Refused problem={problem} but={["title", "area_code", "note", "parent_id"]} />
      <div class="form-actions">
        <button
          type="submit"
          class="button primary"
          disabled={deeds.busy.value !== "" || title.trim() === "" || area === 0}
        >
          {t("planBegin")}
        </button>
        <button type="button" class="button" onClick={() => (beginning.value = false)}>
          {t("cancel")}
        </button>
      </div>
    </form>
  );
}
