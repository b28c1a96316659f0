/** A plan's state: shape, colour and word. */
import type { JSX } from "preact";
import { word } from "../../../i18n";
import type { PlanState } from "../types";

export function StateMark({ state }: { state: PlanState }): JSX.Element {
  return (
    <svg class={`plan-mark plan-${state}`} viewBox="-8 -8 16 16" aria-hidden="true">
      {shapeOf(state)}
    </svg>
  );
}

function shapeOf(state: PlanState): JSX.Element {
  switch (state) {
    case "draft":
      return <circle class="open" r="5.4" stroke-dasharray="2.4 1.8" />;
    case "in_review":
      return <polygon points="0,-6.2 6.4,5 -6.4,5" />;
    case "approved":
      return <rect class="open" x="-5" y="-5" width="10" height="10" />;
    case "published":
      return <rect x="-5.6" y="-5.6" width="11.2" height="11.2" />;
    case "withdrawn":
      return <path class="open" d="M-4.6 -4.6 4.6 4.6M4.6 -4.6 -4.6 4.6" />;
  }
}

export function StateChip({ state }: { state: PlanState }): JSX.Element {
  return (
    <span class="chip plan-chip" data-state={state}>
      <StateMark state={state} />
      {word("planState", state)}
    </span>
  );
}
