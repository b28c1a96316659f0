/** A state is always three things at once: colour, shape and word. */
import type { JSX } from "preact";
import { word } from "../i18n";
import { STAGE_SHAPES, shapePoints } from "../map/shapes";
import { STAGES, stageIndex } from "../state/stages";

export function StageMark({ stage, critical = false }: { stage: string; critical?: boolean }): JSX.Element {
  const index = stageIndex(stage);
  const shape = STAGE_SHAPES[index] ?? "circle";
  const points = shapePoints(shape, 4.6);
  return (
    <svg class={`stage-mark stage-${STAGES[index] ?? "reported"}`} viewBox="-9 -9 18 18" aria-hidden="true">
      {points ? <polygon points={points} /> : <circle r={shape === "ring" ? 3.8 : 4.6} />}
      {critical ? <circle class="critical" r="7.6" /> : null}
    </svg>
  );
}

export function StageChip({ stage, status }: { stage: string; status: string }): JSX.Element {
  return (
    <span class="chip">
      <StageMark stage={stage} />
      {word("status", status)}
    </span>
  );
}
