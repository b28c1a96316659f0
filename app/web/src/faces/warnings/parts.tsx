/** What row and card both show of a warning. Colour always goes with a shape and a word. */
import type { JSX } from "preact";
import type { ChainLink } from "../../api/types";
import { named, t, word } from "../../i18n";
import { cellNumber } from "../../state/codes";
import { serverNow } from "../../state/livefeed";
import { nowTick } from "../../state/store";
import { track } from "../../state/resource";
import { ClockMark } from "../../ui/ClockChip";
import { moment } from "../../ui/format";
import { timerText, visitTimer } from "./timer";
import { RUNGS, STATES, type Rung, type Warning, type WarningState } from "./types";

export function VisitTimer({ warning }: { warning: Warning }): JSX.Element {
  track(nowTick.value);
  const { kind, left_s } = visitTimer(warning, serverNow());
  return (
    <span
      class={`visit-timer clock-${kind}`}
      role="timer"
      aria-live="off"
      title={t("visitDue", { at: moment(warning.visit_due_at, nowTick.peek()) })}
    >
      <ClockMark kind={kind} />
      <span class="visit-time tabular">{timerText(left_s)}</span>
      <span class="visit-word">{word("visit", kind)}</span>
    </span>
  );
}

export function Risk({ risk }: { risk: number }): JSX.Element {
  return (
    <span class={`badge risk-${risk}`}>
      {"▲".repeat(Math.max(1, Math.min(3, risk)))} {word("risk", String(risk))}
    </span>
  );
}

/** As far as it has come: filled dots, and the word. */
export function StateWord({ state }: { state: WarningState }): JSX.Element {
  const at = STATES.indexOf(state);
  return (
    <span class="warning-state">
      <span class="dots" aria-hidden="true">
        {STATES.map((_, i) => (i <= at ? "●" : "○")).join("")}
      </span>{" "}
      {word("warned", state)}
    </span>
  );
}

/** How far it has climbed: who must act now. */
export function Rungs({ level }: { level: Rung }): JSX.Element {
  const at = RUNGS.indexOf(level);
  return (
    <span class={`rungs ${at > 0 ? "climbed" : ""}`} title={t("rungNow")}>
      <svg viewBox="0 0 18 12" aria-hidden="true">
        {RUNGS.map((rung, i) => (
          <rect
            key={rung}
            class={i <= at ? "full" : "hollow"}
            x={i * 6 + 0.5}
            y={8 - i * 3.6}
            width="4.6"
            height={3.6 + i * 3.6}
          />
        ))}
      </svg>
      {word("rung", level)}
    </span>
  );
}

export function ChainText({ links }: { links: readonly ChainLink[] }): JSX.Element {
  const names = links
    .filter(({ level }) => level !== "city")
    .map((link) => (link.level === "cell" ? cellNumber(link.code) : named(link)));
  return <span>{names.join(" / ")}</span>;
}
