/** In and out: the change list as a file, a plan drawn elsewhere, and one page a street for the printer. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { download } from "../../../api/download";
import { t } from "../../../i18n";
import { deed } from "../../../state/deed";
import { ancestorAt, levelOf, within } from "../../../state/codes";
import { may } from "../../../state/session";
import { AreaChooser } from "../../../ui/AreaChooser";
import { Icon } from "../../../ui/icons";
import { Labelled } from "../../../ui/Labelled";
import { Refused } from "../../../ui/Refused";
import { withStepUp } from "../../../ui/StepUp";
import { printStreet, reports } from "../print/state";
import { benchCode, openedPlan, PATH } from "../state";
import { importing } from "./imports";
import { areaLabel } from "./names";

const FORMS = [
  { name: "csv", text: "CSV", key: "planFileCsv" },
  { name: "gpkg", text: "GeoPackage", key: "planFileGpkg" },
  { name: "geojson", text: "GeoJSON", key: "planFileGeojson" },
] as const;
const deeds = deed();

export function FilesPanel(): JSX.Element | null {
  const opened = openedPlan.value;
  if (!opened) return null;
  return (
    <div class="plan-panel">
      <section>
        <h3>{t("planFilesOut")}</h3>
        <Refused problem={deeds.problem.value} />
        <ul class="plan-list">
          {FORMS.map(({ name, text, key }) => (
            <li key={name} class="line">
              <button
                type="button"
                class="button small"
                disabled={deeds.busy.value !== ""}
                onClick={() =>
                  void deeds.run(name, () => withStepUp(() => download(`${PATH}/${opened.id}/moves.${name}`)))
                }
              >
                {text}
              </button>
              <span class="soft">{t(key)}</span>
            </li>
          ))}
        </ul>
      </section>
      {may("import_plan") ? (
        <section>
          <h3>{t("planFilesIn")}</h3>
          <p class="soft">{t("planImportWhat")}</p>
          <div class="line">
            <button type="button" class="button small" onClick={() => (importing.value = true)}>
              {t("planImport")}…
            </button>
          </div>
        </section>
      ) : null}
      <Street area={opened.area_code} />
    </div>
  );
}

function Street({ area }: { area: number }): JSX.Element {
  const near = benchCode.value;
  const first =
    near !== 0
      ? ancestorAt(near, "subdistrict")
      : levelOf(area) === "subdistrict" || levelOf(area) === "community"
        ? ancestorAt(area, "subdistrict")
        : 0;
  const [picked, setPicked] = useState(0);
  const street = picked === 0 ? first : picked;
  return (
    <section>
      <h3>{t("planReport")}</h3>
      <p class="soft">{t("planReportWhat")}</p>
      <Labelled id="p-street" label={t("planReportStreet")}>
        <AreaChooser
          id="p-street"
          value={street}
          onChoose={(found) => {
            if (
              found &&
              levelOf(found.code) !== "city" &&
              levelOf(found.code) !== "district" &&
              (within(found.code, area) || within(area, ancestorAt(found.code, "subdistrict")))
            )
              setPicked(ancestorAt(found.code, "subdistrict"));
          }}
        />
      </Labelled>
      <Refused problem={reports.problem.value} />
      <div class="line">
        <button
          type="button"
          class="button"
          disabled={street === 0 || reports.busy.value !== ""}
          onClick={() => void printStreet(street)}
        >
          <Icon name="print" />
          {street === 0 ? t("planPrint") : t("planPrintOf", { name: areaLabel(street) })}
        </button>
      </div>
    </section>
  );
}
