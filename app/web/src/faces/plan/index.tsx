/** The planner's workbench: plans at the left, the map with its tools, the edited community at the right. */
import type { JSX } from "preact";
import { t } from "../../i18n";
import { pulse } from "../../state/live";
import { live } from "../../state/livefeed";
import { nowTick, phone } from "../../state/store";
import { clock } from "../../ui/format";
import { BenchPanel } from "./bench/BenchPanel";
import { Changes } from "./bench/Changes";
import { besideId } from "./map/beside";
import { BesideMap } from "./map/BesideMap";
import { PlanMapView } from "./map/PlanMapView";
import { slots, type PlanTab } from "./panels/slots";
import { planId, showTab, shownTab } from "./state";
import { ToolBar } from "./tools/ToolBar";
import "../../styles/face.css";
import "./plan.css";

const OWN_TABS: readonly PlanTab[] = [
  { name: "bench", titleKey: "benchTab", Panel: BenchPanel },
  { name: "changes", titleKey: "benchChanges", Panel: Changes },
];

export default function Plan(): JSX.Element {
  const opened = planId.value !== 0;
  return (
    <div class={`plan-frame ${opened ? "opened" : ""}`}>
      <header class="plan-head">
        <slots.Head />
      </header>
      <Cut />
      <aside class="plan-left" aria-label={t("face_plan")}>
        <slots.Left />
      </aside>
      <div class={`plan-centre ${besideId.value === 0 ? "" : "beside"}`}>
        <PlanMapView />
        {besideId.value === 0 ? null : <BesideMap key={besideId.value} />}
        <slots.Jobs />
      </div>
      {opened ? <RightSide /> : null}
      {opened && !phone.value ? (
        <footer class="plan-tools">
          <ToolBar />
          <slots.Acts />
        </footer>
      ) : null}
      <slots.Over />
    </div>
  );
}

function RightSide(): JSX.Element {
  const tabs = [...OWN_TABS, ...slots.tabs];
  const shown = tabs.find(({ name }) => name === shownTab.value) ?? OWN_TABS[0];
  const onKey = (event: KeyboardEvent & { currentTarget: HTMLElement }): void => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0 || !shown) return;
    event.preventDefault();
    const next = (tabs.indexOf(shown) + step + tabs.length) % tabs.length;
    showTab(tabs[next]?.name ?? "bench");
    event.currentTarget.querySelectorAll<HTMLElement>("[role=tab]")[next]?.focus();
  };
  return (
    <aside class="plan-right">
      <div class="plan-tabs" role="tablist" aria-label={t("benchTabs")} onKeyDown={onKey}>
        {tabs.map((tab) => (
          <button
            key={tab.name}
            type="button"
            role="tab"
            aria-selected={tab === shown}
            tabIndex={tab === shown ? 0 : -1}
            onClick={() => showTab(tab.name)}
          >
            {t(tab.titleKey)}
          </button>
        ))}
      </div>
      <div class="plan-tab" role="tabpanel">
        {shown ? <shown.Panel /> : null}
      </div>
    </aside>
  );
}

/** The line that says how old the picture is while the server cannot be heard. */
function Cut(): JSX.Element | null {
  const state = pulse(live.value, nowTick.value);
  if (state.kind !== "cut") return null;
  return (
    <p class="face-cut plan-cut" role="status">
      {t("offlineBar", { time: clock(state.heardAt) })}
    </p>
  );
}
