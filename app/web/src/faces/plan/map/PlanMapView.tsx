/** Where the workbench's map stands, with what floats over its edges: tip, legend, zoom, what is loading or failed. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../../../i18n";
import { phone } from "../../../state/store";
import { Icon } from "../../../ui/icons";
import { Failed } from "../../../ui/states";
import { figures, retryFigures } from "../bench/figures";
import { bench } from "../bench/store";
import { canEdit, openedPlan, placing, plan, planId } from "../state";
import { startGestures } from "../tools/gestures";
import { startPlanKeys } from "../tools/keys";
import { besideId } from "./beside";
import { PlanLegend } from "./PlanLegend";
import { PlanMap } from "./planmap";
import { PlanTipBox } from "./PlanTipBox";
import { loadingTiles, tileError } from "./status";

const EDGE_DEG = 0.15;

export function PlanMapView(): JSX.Element {
  const element = useRef<HTMLDivElement>(null);
  const stands = useRef<PlanMap | null>(null);
  useEffect(() => {
    if (!element.current) return undefined;
    const made = new PlanMap(element.current);
    stands.current = made;
    const observer = new ResizeObserver(([entry]) => {
      // On paper the map has no size; it keeps the one that it had.
      if (entry && entry.contentRect.width > 0 && entry.contentRect.height > 0) made.resized();
    });
    observer.observe(element.current);
    const stopGestures = startGestures(made);
    const stopKeys = startPlanKeys({
      ground: () => made.ground,
      reveal: (unit) => {
        const at = made.ground?.bench.units[unit]?.rings[0]?.[0];
        if (at && !made.map.getBounds().pad(-EDGE_DEG).contains([at[1], at[0]]))
          made.map.panTo([at[1], at[0]], { animate: false });
      },
    });
    return () => {
      stopKeys();
      stopGestures();
      observer.disconnect();
      made.destroy();
      stands.current = null;
    };
  }, []);
  return (
    <div class="plan-own">
      <div ref={element} class="plan-map" role="application" aria-label={t("planMapLabel")} tabIndex={0} />
      <PlanTipBox />
      <PlanLegend />
      <div class="map-buttons plan-zoom">
        <div class="zoom-buttons">
          <button
            type="button"
            class="only-icon"
            aria-label={t("zoomIn")}
            title={t("zoomIn")}
            onClick={() => stands.current?.map.zoomIn()}
          >
            <Icon name="plus" />
          </button>
          <button
            type="button"
            class="only-icon"
            aria-label={t("zoomOut")}
            title={t("zoomOut")}
            onClick={() => stands.current?.map.zoomOut()}
          >
            <Icon name="minus" />
          </button>
        </div>
      </div>
      <div class="plan-says">
        {placing.value ? (
          <p class="plan-say" role="status">
            {t("planMapPlace")} <kbd>Esc</kbd>
          </p>
        ) : null}
        <Says retryTiles={() => stands.current?.retryTiles()} />
      </div>
      {besideId.value === 0 ? null : <p class="plan-say plan-whose">{openedPlan.value?.title ?? ""}</p>}
    </div>
  );
}

/** One line at the map's upper edge: what failed first, else what is on its way. */
function Says({ retryTiles }: { retryTiles: () => void }): JSX.Element | null {
  if (planId.value === 0)
    return (
      <p class="plan-say" role="status">
        {t("planMapNoPlan")}
      </p>
    );
  if (plan.value.value.error && !openedPlan.value)
    return <Failed what="planMapWhatPlan" problem={plan.value.value.error} retry={plan.retry} />;
  if (figures.value.error)
    return <Failed what="planMapWhatFigures" problem={figures.value.error} retry={retryFigures} />;
  if (tileError.value) return <Failed what="planMapWhatTiles" problem={tileError.value} retry={retryTiles} />;
  if (figures.value.loading || loadingTiles.value || bench.value.value.loading)
    return (
      <p class="plan-say soft" role="status">
        {t("loading")}…
      </p>
    );
  if (phone.value) return <p class="plan-say soft">{t("planMapPhone")}</p>;
  if (openedPlan.value && !canEdit.value) return <p class="plan-say soft">{t("planMapReadOnly")}</p>;
  return null;
}
