/** Bringing a plan in: a file and where it belongs; then what does not fit, place by place, and the offer to mend it. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t, word } from "../../../i18n";
import { fieldError } from "../../../state/deed";
import { activeGrant } from "../../../state/session";
import { AreaChooser } from "../../../ui/AreaChooser";
import { Dialog } from "../../../ui/Dialog";
import { number } from "../../../ui/format";
import { Labelled } from "../../../ui/Labelled";
import { Refused } from "../../../ui/Refused";
import { openedPlan, planMap } from "../state";
import { answer, bring, deeds, forget, importing, layersOf, mend } from "./imports";
import { cellsLabel } from "./names";
import { boxOf, ringsOf } from "./rings";
import type { ImportReport } from "./shapes";
import { goToFault } from "./Worst";

const LONGEST_TITLE = 200;
const SHOWN = 60;

export function ImportDialog(): JSX.Element | null {
  if (!importing.value) return null;
  return (
    <Dialog title={t("planImport")} onClose={() => (importing.value = false)}>
      <Form />
    </Dialog>
  );
}

function Form(): JSX.Element {
  const [file, setFile] = useState<File | null>(null);
  const [title, setTitle] = useState("");
  const [area, setArea] = useState(openedPlan.peek()?.area_code ?? activeGrant()?.area.code ?? 0);
  const [repair, setRepair] = useState(false);
  const [crs, setCrs] = useState("");
  const [layer, setLayer] = useState("");
  const [layers, setLayers] = useState<readonly string[]>([]);
  const problem = deeds.problem.value;
  const send = async (): Promise<void> => {
    if (!file) return;
    if (await bring({ file, title: title.trim() || file.name, area_code: area, repair, crs: crs.trim(), layer }))
      importing.value = false;
    const found = layersOf(deeds.problem.peek());
    if (found.length > 0) setLayers(found);
  };
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <Labelled id="i-file" label={t("planImportFile")} hint={t("planImportHint")} error={fieldError(problem, "file")}>
        <input
          id="i-file"
          type="file"
          required
          accept=".csv,.xlsx,.gpkg,.geojson,.json,.zip"
          onChange={(event) => {
            forget();
            setLayers([]);
            setLayer("");
            setFile(event.currentTarget.files?.[0] ?? null);
          }}
        />
      </Labelled>
      {layers.length === 0 ? null : (
        <Labelled
          id="i-layer"
          label={t("planImportLayer")}
          hint={t("planImportLayerHint")}
          error={layer === "" ? t("planImportLayerMany") : undefined}
        >
          <select id="i-layer" required value={layer} onChange={(event) => setLayer(event.currentTarget.value)}>
            <option value="">{t("planCompareChoose")}</option>
            {layers.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </Labelled>
      )}
      <Labelled id="i-title" label={t("planTitle")} error={fieldError(problem, "title")}>
        <input
          id="i-title"
          maxLength={LONGEST_TITLE}
          placeholder={file?.name ?? ""}
          value={title}
          onInput={(event) => setTitle(event.currentTarget.value)}
        />
      </Labelled>
      <Labelled id="i-area" label={t("planArea")} error={fieldError(problem, "area_code")}>
        <AreaChooser id="i-area" value={area} onChoose={(found) => setArea(found?.code ?? 0)} />
      </Labelled>
      <Labelled
        id="i-crs"
        label={`${t("planImportCrs")} (${t("optional")})`}
        hint={t("planImportCrsHint")}
        error={fieldError(problem, "crs")}
      >
        <input
          id="i-crs"
          maxLength={40}
          placeholder="EPSG:4326"
          value={crs}
          onInput={(event) => setCrs(event.currentTarget.value)}
        />
      </Labelled>
      <label class="line">
        <input type="checkbox" checked={repair} onChange={(event) => setRepair(event.currentTarget.checked)} />
        {t("planImportRepair")}
      </label>
      <Refused problem={problem} but={["file", "title", "area_code", "crs", "layer"]} />
      <div class="form-actions">
        <button type="submit" class="button primary" disabled={file === null || area === 0 || deeds.busy.value !== ""}>
          {t(deeds.busy.value === "" ? "planImportBring" : "planImportBusy")}
        </button>
      </div>
    </form>
  );
}

/** What does not fit, beside the map on which it lies. */
export function ImportFound(): JSX.Element | null {
  const found = answer.value;
  if (!found) return null;
  const { report, plan_id } = found;
  return (
    <section class="plan-section plan-import" aria-label={t("planImportReport")}>
      <div class="plan-section-head">
        <h2>{t("planImportReport")}</h2>
        <span class="grow" />
        <button type="button" class="button small" onClick={forget}>
          {t("close")}
        </button>
      </div>
      <Refused problem={deeds.problem.value} />
      <p role="status">
        {plan_id === null
          ? `✕ ${t("planImportNot")}`
          : `✓ ${t(report.repaired ? "planImportMended" : "planImportDone")}`}
      </p>
      {report.confined ? null : <p class="soft">{t("planImportUnconfined")}</p>}
      <Counts report={report} />
      {plan_id === null ? (
        <div class="line">
          <button
            type="button"
            class="button small primary"
            disabled={deeds.busy.value !== ""}
            onClick={() => void mend()}
          >
            {t(deeds.busy.value === "" ? "planImportAgain" : "planImportBusy")}
          </button>
        </div>
      ) : null}
      <Faults report={report} />
    </section>
  );
}

const COUNTED = [
  "matched",
  "moved",
  "left_out",
  "elsewhere",
  "gaps",
  "overlaps",
  "slivers",
  "foreign",
  "outside",
  "refused",
] as const;

function Counts({ report }: { report: ImportReport }): JSX.Element {
  const lines = COUNTED.map((key) => [key, report[key]] as const).filter(
    ([key, value]) => value > 0 || key === "matched",
  );
  return (
    <dl class="plan-facts">
      {lines.map(([key, value]) => (
        <>
          <dt>{word("planImport", key)}</dt>
          <dd class="tabular">{number(value)}</dd>
        </>
      ))}
    </dl>
  );
}

function Faults({ report }: { report: ImportReport }): JSX.Element {
  const shapes = report.features.features;
  return (
    <ul class="plan-list">
      {report.refused_rows.slice(0, SHOWN).map((row, i) => (
        <li key={`r${i}`}>
          {t("planImportRow", { row: row.row, field: row.field })}
          {t("colon")}
          <span class="soft">{row.reason}</span>
        </li>
      ))}
      {report.faults.slice(0, SHOWN).map((fault, i) => (
        <li key={`f${i}`}>
          <button type="button" class="link" onClick={() => goToFault(fault)}>
            {word("planRule", fault.rule)} <span class="soft">{cellsLabel(fault.cells)}</span>
          </button>
        </li>
      ))}
      {shapes.slice(0, SHOWN).map((shape, i) => (
        <li key={`s${i}`}>
          <button
            type="button"
            class="link"
            onClick={() => {
              const box = boxOf(ringsOf(shape.geometry));
              if (box) planMap.value?.fly(box);
            }}
          >
            {word("planShape", shape.properties.kind)}{" "}
            <span class="soft tabular">{`${number(shape.properties.area_m2)} m² ${cellsLabel(shape.properties.cells)}`}</span>
          </button>
        </li>
      ))}
      {shapes.length + report.faults.length > 2 * SHOWN ? (
        <li class="soft">{t("planMoreOf", { n: number(shapes.length + report.faults.length - 2 * SHOWN) })}</li>
      ) : null}
    </ul>
  );
}
