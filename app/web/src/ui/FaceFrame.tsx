/** The frame of a face: its name, filters, a list that scrolls, and beside it what was opened of it. */
import type { ComponentChildren, JSX } from "preact";
import { t } from "../i18n";
import { pulse } from "../state/live";
import { live } from "../state/livefeed";
import { nowTick } from "../state/store";
import "../styles/face.css";
import { CalendarNotice } from "./CalendarNotice";
import { clock } from "./format";
import { Icon } from "./icons";

export function FaceFrame({
  title,
  note,
  actions,
  filters,
  children,
  side,
}: {
  title: string;
  /** beside the title: how many there are, a state */
  note?: ComponentChildren;
  actions?: ComponentChildren;
  filters?: ComponentChildren;
  children: ComponentChildren;
  /** what was opened; on a phone it stands in the list's place */
  side?: ComponentChildren;
}): JSX.Element {
  return (
    <div class={`face-frame ${side ? "with-side" : ""}`}>
      <header class="face-head">
        <h1>{title}</h1>
        <span class="face-note">{note}</span>
        <span class="grow" />
        <div class="face-actions">{actions}</div>
      </header>
      <div class="face-told">
        <Cut />
        <CalendarNotice />
      </div>
      {filters ? <div class="face-filters">{filters}</div> : null}
      <div class="face-main">{children}</div>
      {side ? <aside class="face-side">{side}</aside> : null}
    </div>
  );
}

/** The line that says how old the picture is while the server cannot be heard. */
function Cut(): JSX.Element | null {
  const state = pulse(live.value, nowTick.value);
  if (state.kind !== "cut") return null;
  return (
    <p class="face-cut" role="status">
      {t("offlineBar", { time: clock(state.heardAt) })}
    </p>
  );
}

/** What was opened of a list, with its way back. */
export function Side({
  title,
  lead,
  onClose,
  children,
}: {
  title: string;
  lead?: ComponentChildren;
  onClose: () => void;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <section class="side" aria-label={title}>
      <header class="side-head">
        <div class="card-titles">
          {lead ? <div class="card-lead">{lead}</div> : null}
          <h2>{title}</h2>
        </div>
        <button
          type="button"
          class="button quiet only-icon"
          aria-label={t("close")}
          title={`${t("close")} (Esc)`}
          onClick={onClose}
        >
          <Icon name="close" />
        </button>
      </header>
      <div class="side-body">{children}</div>
    </section>
  );
}
