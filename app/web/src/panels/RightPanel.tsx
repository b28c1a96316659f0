/** The panel beside the map: figures, then the list; a card or the report form opens over the list. */
import type { JSX } from "preact";
import { shownFace } from "../faces";
import { t } from "../i18n";
import { draft } from "../state/actions";
import { watching } from "../state/session";
import { panelOpen, phone, selection, sheet } from "../state/store";
import { Icon } from "../ui/icons";
import { AreaCard } from "./AreaCard";
import { ClockFigures, Figures } from "./Figures";
import { IncidentCard } from "./IncidentCard";
import { IncidentList } from "./IncidentList";
import { ReportForm } from "./ReportForm";
import { StationCard } from "./StationCard";
import { TimeBar } from "./TimeBar";

export function RightPanel(): JSX.Element {
  const over = shownFace.value ? <></> : <Over />;
  if (phone.value) return <Sheet over={over} />;
  return (
    <aside class={`panel ${panelOpen.value ? "open" : "closed"}`}>
      <button
        type="button"
        class="panel-toggle"
        aria-label={t(panelOpen.value ? "collapse" : "expand")}
        title={t(panelOpen.value ? "collapse" : "expand")}
        onClick={() => (panelOpen.value = !panelOpen.value)}
      >
        <Icon name={panelOpen.value ? "right" : "back"} />
      </button>
      {panelOpen.value || selection.value || draft.value ? (
        <>
          <div>
            <Figures />
            <ClockFigures />
          </div>
          <div class="panel-main">
            <IncidentList />
            {over}
          </div>
        </>
      ) : null}
    </aside>
  );
}

function Over(): JSX.Element | null {
  // What was being written is put aside, not lost: it comes back with the password.
  const making = watching.value ? null : draft.value;
  if (making) return <ReportForm value={making} />;
  const chosen = selection.value;
  switch (chosen?.kind) {
    case "incident":
      return <IncidentCard no={chosen.no} />;
    case "area":
      return <AreaCard code={chosen.code} />;
    case "station":
      return <StationCard id={chosen.id} />;
    case undefined:
      return null;
  }
}

/** On a phone the panel is a sheet from the bottom: a tap on its handle takes it one step further. */
function Sheet({ over }: { over: JSX.Element }): JSX.Element {
  const out = sheet.value;
  const open = out !== "low";
  return (
    <aside class={`sheet ${out}`}>
      <button
        type="button"
        class="sheet-handle"
        aria-expanded={open}
        aria-label={t(open ? "collapse" : "expand")}
        onClick={() => (sheet.value = out === "low" ? "half" : out === "half" ? "full" : "low")}
      >
        <span aria-hidden="true" />
      </button>
      <div>
        <Figures />
        <ClockFigures />
      </div>
      <TimeBar />
      <div class="panel-main">
        <IncidentList />
        {over}
      </div>
    </aside>
  );
}
