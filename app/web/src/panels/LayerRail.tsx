/** The layers: on and off, what they measure, how old they are, what went wrong. */
import type { JSX } from "preact";
import type { Measure } from "../api/types";
import { t, word } from "../i18n";
import { layerStatus } from "../map/status";
import { toggleLayer } from "../state/actions";
import { counts, features, heatLegend } from "../state/data";
import { LEVEL_CHOICES } from "../state/levels";
import {
  bandwidth_m,
  layerOn,
  layersOpen,
  level,
  levelChoice,
  measure,
  nowTick,
  phone,
  railOpen,
  refreshTick,
  zoom,
} from "../state/store";
import { LAYERS, type LayerName } from "../state/url";
import { ago, number } from "../ui/format";
import { Icon } from "../ui/icons";
import { Segments } from "../ui/Segments";

const MEASURES: readonly Measure[] = ["reported", "density", "open"];
const BANDWIDTHS_M = [200, 500, 1000, 2000] as const;
/** Below this zoom a layer has nothing to show. */
const FROM_ZOOM: Partial<Record<LayerName, number>> = { assignments: 11 };

export function LayerRail(): JSX.Element | null {
  if (phone.value && !layersOpen.value) return null;
  const open = phone.value || railOpen.value;
  return (
    <aside class={`rail ${open ? "open" : "narrow"}`} aria-label={t("layers")}>
      <div class="rail-head">
        {open ? <h2>{t("layers")}</h2> : null}
        <button
          type="button"
          class="button quiet only-icon"
          aria-label={t(phone.value ? "close" : open ? "collapse" : "expand")}
          onClick={() => {
            if (phone.value) layersOpen.value = false;
            else railOpen.value = !railOpen.value;
          }}
        >
          <Icon name={phone.value ? "close" : open ? "back" : "layers"} />
        </button>
      </div>
      <ul class="layer-list">
        {LAYERS.map((name, i) => (
          <LayerRow key={name} name={name} index={i + 1} open={open} />
        ))}
      </ul>
    </aside>
  );
}

function LayerRow({ name, index, open }: { name: LayerName; index: number; open: boolean }): JSX.Element {
  const on = layerOn(name);
  return (
    <li class={on ? "on" : ""}>
      <button
        type="button"
        class="layer-toggle"
        role="switch"
        aria-checked={on}
        title={`${t(`layer_${name}`)} (${index})`}
        onClick={() => toggleLayer(name)}
      >
        <span class="layer-key tabular">{index}</span>
        {open ? <span class="layer-name">{t(`layer_${name}`)}</span> : null}
        {open ? <span class="switch" aria-hidden="true" /> : null}
      </button>
      {open && on ? <LayerNote name={name} /> : null}
      {open && on && name === "cells" ? <ShadingChoices /> : null}
      {open && on && name === "heat" ? <HeatChoices /> : null}
    </li>
  );
}

function LayerNote({ name }: { name: LayerName }): JSX.Element | null {
  const tiles = layerStatus.value[name];
  const resource = name === "cells" ? counts : name === "heat" ? heatLegend : name === "river" ? features : null;
  const extra = resource?.value.value;
  const error = tiles.error ?? extra?.error;
  const from = FROM_ZOOM[name];
  if (from !== undefined && zoom.value < from) return <p class="layer-note">{t("layerZoom", { z: from })}</p>;
  if (error) {
    return (
      <button
        type="button"
        class="layer-note bad"
        onClick={() => {
          resource?.retry();
          refreshTick.value++;
        }}
      >
        {t("layerFailed")}
      </button>
    );
  }
  const at = extra?.at || tiles.at;
  if (at === 0) return tiles.loading || extra?.loading ? <p class="layer-note">{t("loading")}…</p> : null;
  return <p class="layer-note tabular">{ago(at, nowTick.value)}</p>;
}

function ShadingChoices(): JSX.Element {
  return (
    <div class="choices">
      <Segments
        label={t("measure")}
        options={MEASURES.map((name) => ({ value: name, text: t(`measure_${name}`) }))}
        value={measure.value}
        onChange={(name) => (measure.value = name)}
      />
      <label class="choice">
        <span>{t("level")}</span>
        <select
          value={levelChoice.value}
          onChange={(event) => {
            const wanted = LEVEL_CHOICES.find((choice) => choice === event.currentTarget.value);
            if (wanted) levelChoice.value = wanted;
          }}
        >
          {LEVEL_CHOICES.map((choice) => (
            <option key={choice} value={choice}>
              {choice === "auto" ? `${t("level_auto")} · ${word("level", level.value)}` : t(`level_${choice}`)}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

function HeatChoices(): JSX.Element {
  return (
    <div class="choices">
      <label class="choice">
        <span>{t("bandwidth")}</span>
        <select
          value={String(bandwidth_m.value)}
          onChange={(event) => (bandwidth_m.value = Number(event.currentTarget.value))}
        >
          {BANDWIDTHS_M.map((metres) => (
            <option key={metres} value={String(metres)}>
              {t("metres", { n: number(metres) })}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
