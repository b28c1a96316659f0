/** One area: who lives there, what is reported, who is on duty, what lies below it. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { AreaDetail, Staffing } from "../api/types";
import { named, t, word } from "../i18n";
import { cellNumber } from "../state/codes";
import { areaChildren, areaCounts, areaDetail } from "../state/data";
import { goArea, goCity } from "../state/navigate";
import { number, squareKm } from "../ui/format";
import { Failed, Skeleton } from "../ui/states";
import { Card, Field } from "./Card";
import { Chain } from "./Chain";
import { Figure } from "./Figures";
import { People } from "./People";

export function AreaCard({ code }: { code: number }): JSX.Element {
  const { data, error } = areaDetail.value.value;
  if (error && !data) {
    return (
      <Card title={String(code)}>
        <Failed what="what_card" problem={error} retry={areaDetail.retry} />
      </Card>
    );
  }
  if (data?.code !== code)
    return (
      <Card title={String(code)}>
        <Skeleton rows={6} />
      </Card>
    );
  return <Body area={data} />;
}

function Body({ area }: { area: AreaDetail }): JSX.Element {
  const counted = areaCounts.value.value.data;
  const above = area.chain.filter((link) => link.code !== area.code);
  const parent = above[above.length - 1];
  const lead = (
    <>
      <span class="chip plain">{word("kind", area.kind)}</span>
      <span class="soft tabular">{area.code}</span>
    </>
  );
  return (
    <Card
      title={area.level === "cell" ? `${parent ? named(parent) : ""} ${cellNumber(area.code)}` : named(area)}
      lead={lead}
    >
      <p class="card-place">
        {above.length > 1 ? (
          <Chain links={above} />
        ) : (
          <button type="button" class="link" onClick={goCity}>
            {t("wholeCity")}
          </button>
        )}
      </p>
      <dl class="figures in-card">
        <Figure label={t("inWindow")} value={counted?.inWindow} />
        <Figure label={t("open")} value={counted?.open} />
      </dl>
      <dl class="fields">
        <Field label={t("population")}>
          <span class="tabular">{number(area.residents)}</span> {t("people")}
        </Field>
        <Field label={t("households")}>
          <span class="tabular">{number(area.households)}</span> {t("householdUnit")}
        </Field>
        <Field label={t("areaSize")}>
          <span class="tabular">{squareKm(area.area_m2)}</span> {t("squareKm")}
        </Field>
      </dl>
      {area.staffing ? <StaffingRule staffing={area.staffing} /> : null}
      <h3>{t("assigned")}</h3>
      <People people={area.assigned} />
      <Stations area={area} />
      {area.children ? <Children area={area} /> : null}
    </Card>
  );
}

function StaffingRule({ staffing }: { staffing: Staffing }): JSX.Element {
  return (
    <div class={`staffing ${staffing.ok ? "ok" : "short"}`}>
      <span class="staffing-mark" aria-hidden="true">
        {staffing.ok ? "●" : "▲"}
      </span>
      <strong>
        {t("staffing")} {t(staffing.ok ? "staffingOk" : "staffingShort")}
      </strong>
      <span class="soft">
        {Object.entries(staffing.required)
          .map(([role, required]) =>
            t("staffingRow", { role: word("role", role), present: staffing.present[role] ?? 0, required }),
          )
          .join(t("comma"))}
      </span>
    </div>
  );
}

const FEW = 5;

function Stations({ area }: { area: AreaDetail }): JSX.Element | null {
  const [all, setAll] = useState(false);
  if (area.stations.length === 0) return null;
  const shown = all ? area.stations : area.stations.slice(0, FEW);
  return (
    <>
      <h3>{t("stations")}</h3>
      <ul class="people">
        {shown.map((station) => (
          <li key={station.code}>
            <span class="role">{word("kind", station.kind)}</span>
            <span>{station.name}</span>
          </li>
        ))}
      </ul>
      {area.stations.length > FEW && !all ? (
        <button type="button" class="link" onClick={() => setAll(true)}>
          {t("moreStations", { n: area.stations.length })}
        </button>
      ) : null}
    </>
  );
}

function Children({ area }: { area: AreaDetail }): JSX.Element | null {
  const below = areaChildren.value.value.data;
  if (!area.children) return null;
  return (
    <>
      <h3>{t("children", { n: number(area.children.count), level: word("level", area.children.level) })}</h3>
      {below ? (
        <ul class="children">
          {below.map((child) => (
            <li key={child.code}>
              <button type="button" class="button small" onClick={() => void goArea(child.code, { fly: true })}>
                {child.level === "cell" ? cellNumber(child.code) : named(child)}
              </button>
            </li>
          ))}
        </ul>
      ) : (
        <Skeleton rows={2} />
      )}
    </>
  );
}
