/** The live dot: green while the server speaks, amber with the age when late, grey with the last picture when cut. */
import type { JSX } from "preact";
import { t } from "../i18n";
import { pulse } from "../state/live";
import { live } from "../state/livefeed";
import { nowTick } from "../state/store";
import { clock } from "./format";

export function LiveDot(): JSX.Element {
  const state = pulse(live.value, nowTick.value);
  const [kind, text] = ((): [string, string] => {
    switch (state.kind) {
      case "connecting":
        return ["cut", t("liveConnecting")];
      case "live":
        return ["live", `${t("liveOn")} ${(state.delayMs / 1000).toFixed(1)} s`];
      case "late":
        return ["late", t("liveLate", { s: Math.round(state.byMs / 1000) })];
      case "cut":
        return ["cut", t("liveCutShort", { time: clock(state.heardAt) })];
    }
  })();
  return (
    <span class={`live-dot ${kind}`} title={t("liveTitle")} role="status" aria-live="off">
      <svg viewBox="-6 -6 12 12" aria-hidden="true">
        {kind === "live" ? (
          <circle r="4.5" />
        ) : kind === "late" ? (
          <polygon points="0,-5 5,4 -5,4" />
        ) : (
          <rect x="-4" y="-4" width="8" height="8" />
        )}
      </svg>
      <span class="tabular">{text}</span>
    </span>
  );
}
