/** How far a mediation has come: filled dots for what is behind it, and the word. */
import type { JSX } from "preact";
import { word } from "../../i18n";
import { STATES, type MediationState } from "./types";

const COURSE: readonly MediationState[] = STATES.filter((state) => state !== "cancelled");

export function Progress({ state }: { state: MediationState }): JSX.Element {
  const at = COURSE.indexOf(state);
  return (
    <span class={`table-state ${state}`}>
      <span class="dots" aria-hidden="true">
        {state === "cancelled" ? "✕" : COURSE.map((_, i) => (i <= at ? "●" : "○")).join("")}
      </span>{" "}
      {word("med", state)}
    </span>
  );
}
