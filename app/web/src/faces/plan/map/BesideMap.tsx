/** The other plan's map, which follows the open one's at every step. */
import { effect } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../../../i18n";
import { createMap, MAX_ZOOM, MIN_ZOOM } from "../../../map/base";
import { TileGrid } from "../../../map/tilegrid";
import { city } from "../../../state/data";
import { track } from "../../../state/resource";
import { resolvedTheme } from "../../../state/store";
import { Failed } from "../../../ui/states";
import { plans } from "../panels/plans";
import { openedPlan } from "../state";
import { besideFigures, besideId, differing } from "./beside";
import { readPlanPalette } from "./colours";
import { shownPlace } from "./status";
import { cellsSource, planOutlines, unitsSource, type Drawn } from "./tiles";

export function BesideMap(): JSX.Element {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => (element.current ? follow(element.current) : undefined), []);
  const { error } = besideFigures.value.value;
  const other = plans.value.value.data?.items.find(({ id }) => id === besideId.value);
  return (
    <div class="plan-beside">
      <div ref={element} class="plan-map" role="img" aria-label={t("planMapBeside", { title: other?.title ?? "" })} />
      <p class="plan-say plan-whose">{other?.title ?? ""}</p>
      {error ? (
        <div class="plan-says">
          <Failed what="planMapWhatFigures" problem={error} retry={besideFigures.retry} />
        </div>
      ) : null}
    </div>
  );
}

function follow(element: HTMLDivElement): () => void {
  const map = createMap(element, shownPlace.peek());
  for (const way of [map.dragging, map.scrollWheelZoom, map.doubleClickZoom, map.keyboard, map.boxZoom]) way.disable();
  const tiles = new TileGrid({ painted: true, pane: "ground", minZoom: MIN_ZOOM, maxZoom: MAX_ZOOM, keepBuffer: 1 });
  map.addLayer(tiles);
  const stops = [
    effect(() => {
      const place = shownPlace.value;
      if (place) map.setView([place.lat, place.lon], place.zoom, { animate: false });
    }),
    effect(() => {
      track(resolvedTheme.value);
      const version = String(city.value.value.data?.boundary_version ?? "");
      if (version === "") return;
      const palette = readPlanPalette();
      const drawn: Drawn = {
        figures: besideFigures.value.value.data,
        palette,
        area: openedPlan.value?.area_code ?? 0,
        today: false,
        differing: differing.value,
      };
      tiles.setSources([cellsSource(drawn, version), unitsSource(drawn, version), ...planOutlines(palette, version)]);
    }),
  ];
  const observer = new ResizeObserver(() => map.invalidateSize({ animate: false }));
  observer.observe(element);
  return () => {
    observer.disconnect();
    for (const stop of stops) stop();
    map.remove();
  };
}
