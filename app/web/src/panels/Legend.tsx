/** What the colours and symbols mean: what, unit, n, breaks, bandwidth, as of. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t, word } from "../i18n";
import { shownScale } from "../map/status";
import { SINGLE_FROM_ZOOM } from "../map/incidents";
import { STATION_KINDS, stationSign } from "../map/stations";
import { counts, heatLegend } from "../state/data";
import { STAGES } from "../state/stages";
import { layerOn, level, measure, mode, nowTick, phone, zoom } from "../state/store";
import { clock, figure, moment, number } from "../ui/format";
import { StageMark } from "../ui/stage";

export function Legend(): JSX.Element | null {
  const [open, setOpen] = useState(!phone.value);
  const parts = [
    layerOn("cells") ? <ShadingLegend key="shade" /> : null,
    layerOn("heat") ? <HeatLegendPart key="heat" /> : null,
    layerOn("incidents") ? <IncidentLegend key="inc" /> : null,
    layerOn("stations") && mode.value !== "wall" ? <StationLegend key="sta" /> : null,
    layerOn("assignments") && mode.value !== "wall" ? <AssignmentLegend key="asg" /> : null,
  ].filter((part) => part !== null);
  if (parts.length === 0) return null;
  return (
    <section class={`legend ${open ? "open" : ""}`} aria-label={t("legend")}>
      <button type="button" class="legend-toggle" aria-expanded={open} onClick={() => setOpen(!open)}>
        {t("legend")}
      </button>
      {open ? parts : null}
    </section>
  );
}

/** A row of swatches with the bounds between them. */
function Swatches({
  colours,
  opacities,
  lower,
  top,
}: {
  colours: readonly string[];
  opacities?: readonly number[];
  lower: readonly number[];
  top: string;
}): JSX.Element {
  return (
    <div class="swatches">
      {colours.map((colour, i) => (
        <div key={i} class="swatch">
          <Swatch colour={colour} opacity={opacities?.[i] ?? 1} />
          <span class="tabular">{figure(lower[i] ?? 0)}</span>
        </div>
      ))}
      {top ? <span class="swatch-top tabular">{top}</span> : null}
    </div>
  );
}

/** A see-through colour is shown over the land, as on the map. */
function Swatch({ colour, opacity }: { colour: string; opacity: number }): JSX.Element {
  return (
    <svg class="swatch-colour" viewBox="0 0 10 10" preserveAspectRatio="none" aria-hidden="true">
      <rect class="swatch-land" width="10" height="10" />
      <rect width="10" height="10" fill={colour} fill-opacity={opacity} />
    </svg>
  );
}

function ShadingLegend(): JSX.Element {
  const { scale, colours } = shownScale.value;
  const answer = counts.value.value;
  const unit = t(`unit_${measure.value}`);
  const title = t("legendChoropleth", { measure: t(`measure_${measure.value}`), level: word("level", level.value) });
  return (
    <div class="legend-part">
      <h3>
        {title} <span class="soft">{unit}</span>
      </h3>
      {answer.error && !answer.data ? <p class="bad">{t("errorTitle", { what: t("what_counts") })}</p> : null}
      {answer.data && colours.length === 0 ? <p class="soft">{t("legendNone")}</p> : null}
      {colours.length > 0 ? <Swatches colours={colours} lower={scale.lower} top={`≤ ${figure(scale.max)}`} /> : null}
      {answer.data ? (
        <p class="soft tabular">
          {t("legendN", { n: number(answer.data.n) })} · {t("legendAsOf", { time: clock(answer.data.as_of) })}
        </p>
      ) : null}
    </div>
  );
}

function HeatLegendPart(): JSX.Element {
  const answer = heatLegend.value.value.data;
  return (
    <div class="legend-part">
      <h3>
        {t("legendHeat")} <span class="soft">{t("unit_density")}</span>
      </h3>
      {answer && answer.n < answer.min_n ? <p class="soft">{t("legendTooFew", { n: answer.min_n })}</p> : null}
      {answer && answer.n >= answer.min_n ? (
        <Swatches colours={answer.colours} opacities={answer.opacities} lower={answer.breaks} top="" />
      ) : null}
      {answer ? (
        <p class="soft tabular">
          {t("legendN", { n: number(answer.n) })} · {t("bandwidth")} {t("metres", { n: number(answer.bandwidth_m) })} ·{" "}
          {t("legendAsOf", { time: moment(answer.as_of, nowTick.peek()) })}
        </p>
      ) : null}
    </div>
  );
}

function IncidentLegend(): JSX.Element {
  if (zoom.value < SINGLE_FROM_ZOOM) return <p class="legend-part soft">{t("legendBins")}</p>;
  return (
    <div class="legend-part">
      <h3>{t("legendStates")}</h3>
      <ul class="legend-stages">
        {STAGES.map((stage) => (
          <li key={stage}>
            <StageMark stage={stage} />
            {t(`stage_${stage}`)}
          </li>
        ))}
      </ul>
    </div>
  );
}

function StationLegend(): JSX.Element {
  return (
    <div class="legend-part">
      <h3>{t("legendStations")}</h3>
      <ul class="legend-stages">
        {STATION_KINDS.map((kind) => (
          <li key={kind}>
            <span class={`station-sign ${kind}`}>{stationSign(kind)}</span>
            {t(`kind_${kind}`)}
          </li>
        ))}
      </ul>
    </div>
  );
}

function AssignmentLegend(): JSX.Element {
  return (
    <div class="legend-part">
      <h3>{t("layer_assignments")}</h3>
      <p class="soft">
        {t("legendAssign")} · <span class="short-mark">▲</span> {t("legendAssignShort")}
      </p>
    </div>
  );
}
