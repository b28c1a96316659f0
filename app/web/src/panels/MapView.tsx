/** Where the map stands, with what floats over its edges: tip, zoom, legend, notes. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { named, t } from "../i18n";
import { CityMap } from "../map/citymap";
import { tip, type Tip } from "../map/pointer";
import { STATION_KINDS } from "../map/stations";
import { draft, endReport, mapHandle } from "../state/actions";
import { cellNumber, levelOf } from "../state/codes";
import { city, communities, counts, crumbArea, districts, list, subdistricts } from "../state/data";
import { goCity } from "../state/navigate";
import { live } from "../state/livefeed";
import { lang } from "../i18n";
import { area, layersOpen, measure, mode, nowTick, phone } from "../state/store";
import { pulse } from "../state/live";
import { clock, figure, number } from "../ui/format";
import { Icon } from "../ui/icons";
import { Legend } from "./Legend";

export function MapView(): JSX.Element {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!element.current) return undefined;
    const map = new CityMap(element.current);
    const observer = new ResizeObserver(([entry]) => {
      // On paper the map has no size; it keeps the one that it had.
      if (entry && entry.contentRect.width > 0 && entry.contentRect.height > 0) map.resized();
    });
    observer.observe(element.current);
    return () => {
      observer.disconnect();
      map.destroy();
    };
  }, []);
  const wall = mode.value === "wall";
  return (
    <main class="map-wrap">
      <div ref={element} class="map" role="application" aria-label={t("mapLabel")} />
      {tip.value && !wall ? <TipBox tip={tip.value} /> : null}
      {draft.value && draft.value.lon === null ? (
        <div class="pick-banner" role="status">
          <Icon name="pin" />
          {t("reportPick")}
          <button type="button" class="button small" onClick={endReport}>
            {t("cancel")} {phone.value ? "" : "Esc"}
          </button>
        </div>
      ) : null}
      <AreaPill />
      <CutBanner />
      <Legend />
      {wall ? null : <MapButtons />}
      <Notes />
    </main>
  );
}

function MapButtons(): JSX.Element {
  return (
    <div class="map-buttons">
      {phone.value ? (
        <button
          type="button"
          class="button float only-icon"
          aria-label={t("layers")}
          onClick={() => (layersOpen.value = !layersOpen.value)}
        >
          <Icon name="layers" />
        </button>
      ) : (
        <div class="zoom-buttons">
          <button
            type="button"
            class="only-icon"
            aria-label={t("zoomIn")}
            title={`${t("zoomIn")} (+)`}
            onClick={() => mapHandle.value?.zoomBy(1)}
          >
            <Icon name="plus" />
          </button>
          <button
            type="button"
            class="only-icon"
            aria-label={t("zoomOut")}
            title={`${t("zoomOut")} (−)`}
            onClick={() => mapHandle.value?.zoomBy(-1)}
          >
            <Icon name="minus" />
          </button>
        </div>
      )}
    </div>
  );
}

/** A reconnect within this time is nobody's business. */
const CUT_GRACE_MS = 4000;

/** When the wire is cut the picture stays, and says from when it is. */
function CutBanner(): JSX.Element | null {
  const state = pulse(live.value, nowTick.value);
  if (state.kind !== "cut" || nowTick.value - state.heardAt < CUT_GRACE_MS) return null;
  return (
    <div class="cut-banner" role="status">
      {t("offlineBar", { time: clock(state.heardAt) })}
    </div>
  );
}

function Notes(): JSX.Element {
  const info = city.value.value.data;
  if (!info) return <div />;
  const badges = [info.demo ? t("demo") : "", info.simulation && phone.value ? t("simulation") : ""].filter(Boolean);
  const notice = lang.value === "en" ? info.data_notice_en : info.data_notice_zh;
  const text = [
    notice.replace(/^(演示数据：|Demonstration data: )/, "").replace(/[。.]$/, ""),
    info.demo ? t("outlinesNotice") : "",
  ]
    .filter(Boolean)
    .join(" · ");
  return (
    <div class="map-notes" title={text}>
      {badges.length > 0 ? <strong>{badges.join(" · ")}</strong> : null}
      <span>{text}</span>
    </div>
  );
}

/** On a phone there is no room for the breadcrumb: the chosen area, and the way out of it. */
function AreaPill(): JSX.Element | null {
  const chosen = crumbArea.value.value.data;
  if (!phone.value || area.value === 0 || !chosen) return null;
  return (
    <button type="button" class="area-pill" aria-label={`${named(chosen)}: ${t("seeAll")}`} onClick={goCity}>
      {named(chosen)}
      <Icon name="close" />
    </button>
  );
}

function areaName(code: number): string {
  const level = levelOf(code);
  const names = level === "district" ? districts : level === "subdistrict" ? subdistricts : communities;
  const parent = Math.floor(code / 1000) * 1000;
  const found = names.value.value.data?.find((item) => item.code === (level === "cell" ? parent : code));
  if (level === "cell") return `${found ? named(found) : ""} ${cellNumber(code)}`;
  return found ? named(found) : String(code);
}

/** A small note beside the pointer: the name and the value under it. */
function TipBox({ tip: at }: { tip: Tip }): JSX.Element | null {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current;
    const room = element?.parentElement;
    if (!element || !room) return;
    const left = at.x + 16 + element.offsetWidth > room.clientWidth ? at.x - 12 - element.offsetWidth : at.x + 16;
    const top = Math.min(at.y + 14, room.clientHeight - element.offsetHeight - 6);
    element.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  });
  return (
    <div ref={box} class="tip">
      {at.hit ? <HitText hit={at.hit} /> : at.shaded !== null ? <AreaText code={at.shaded} /> : null}
    </div>
  );
}

function AreaText({ code }: { code: number }): JSX.Element {
  const table = counts.value.value.data;
  const value = table?.values[String(code)] ?? 0;
  return (
    <>
      <strong>{areaName(code)}</strong>
      {table ? (
        <span class="tabular">
          {figure(value)} <span class="soft">{t(`unit_${measure.value}`)}</span>
        </span>
      ) : null}
    </>
  );
}

function HitText({ hit }: { hit: NonNullable<Tip["hit"]> }): JSX.Element {
  switch (hit.kind) {
    case "incident": {
      const known = list.value.value.data?.items.find((item) => item.no === hit.no);
      return (
        <>
          <strong>{known?.title ?? t("searchIncident", { no: hit.no })}</strong>
          {known ? <span class="soft tabular">{clock(known.reported_at)}</span> : null}
        </>
      );
    }
    case "cluster":
      return (
        <>
          <strong class="tabular">
            {number(hit.n)} {t("cases")}
          </strong>
          <span class="soft tabular">
            {t("open")} {number(hit.open)}
          </span>
        </>
      );
    case "station":
      return <strong>{t(`kind_${STATION_KINDS[hit.station] ?? "workstation"}`)}</strong>;
    case "assignment":
      return (
        <>
          <strong>{areaName(hit.code)}</strong>
          <span class="soft tabular">
            {t("role_grid_worker")} {hit.workers} · {t("role_officer")} {hit.police} ·{" "}
            {t(hit.ok ? "legendAssignOk" : "legendAssignShort")}
          </span>
        </>
      );
  }
}
