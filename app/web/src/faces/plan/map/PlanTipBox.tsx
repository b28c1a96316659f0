/** A small note beside the pointer: the cell under it with its load, and the unit of the edited community. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../../../i18n";
import { cellNumber } from "../../../state/codes";
import { number } from "../../../ui/format";
import { figures } from "../bench/figures";
import { live } from "../bench/store";
import { areaLabel } from "../panels/names";
import { deviationText } from "../panels/figures";
import { planTip, type PlanTip } from "./status";

export function PlanTipBox(): JSX.Element | null {
  const box = useRef<HTMLDivElement>(null);
  const tip = planTip.value;
  useEffect(() => {
    const element = box.current;
    const room = element?.parentElement;
    if (!element || !room || !tip) return;
    const left = tip.x + 16 + element.offsetWidth > room.clientWidth ? tip.x - 12 - element.offsetWidth : tip.x + 16;
    const top = Math.min(tip.y + 14, room.clientHeight - element.offsetHeight - 6);
    element.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  });
  return tip ? (
    <div ref={box} class="tip plan-tip">
      <TipText tip={tip} />
    </div>
  ) : null;
}

function TipText({ tip: { cell, unit } }: { tip: PlanTip }): JSX.Element {
  const now = live.value;
  if (unit !== null && now) {
    const known = now.drawing.bench.units[unit];
    return (
      <>
        <strong class="tabular">{cellNumber(cell)}</strong>
        {known ? (
          <span class="tabular soft">
            {t("benchUnitTip", { h: number(known.households), n: number(known.incidents), load: number(known.load) })}
          </span>
        ) : null}
      </>
    );
  }
  const row = figures.value.data?.cells.get(cell);
  return (
    <>
      <strong>{areaLabel(cell)}</strong>
      {row ? (
        <span class="tabular">
          {t("benchLoad")} {number(row.load)} · {row.free ? deviationText(row.deviation) : t("benchNotCounted")}
        </span>
      ) : null}
    </>
  );
}
