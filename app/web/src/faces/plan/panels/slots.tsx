/** What the panels put into the frame of the workbench. */
import type { ComponentType, JSX } from "preact";
import { t, type TextKey } from "../../../i18n";
import { StreetSheet } from "../print/StreetSheet";
import { phone } from "../../../state/store";
import { FILES_TAB } from "../print/state";
import { planId, showTab } from "../state";
import { BalancePanel } from "./BalancePanel";
import { BALANCE_TAB } from "./cellchoice";
import { CommentsPanel } from "./CommentsPanel";
import { COMPARE_TAB } from "./compare";
import { ComparePanel } from "./ComparePanel";
import { FilesPanel } from "./FilesPanel";
import { Head } from "./Head";
import { ImportDialog, ImportFound } from "./ImportDialog";
import { JobBar } from "./JobBar";
import { LifePanel } from "./LifePanel";
import { MeasuresPanel } from "./MeasuresPanel";
import { MODEL_TAB, ModelPanel } from "./ModelPanel";
import { NewPlan } from "./NewPlan";
import { PlanTree } from "./PlanTree";
import { ProofPanel } from "./ProofPanel";
import { StepDialog } from "./StepDialog";
import { Worst } from "./Worst";
import { PROOF_TAB } from "./seams";
import "./overlay";
import "./panels.css";

export interface PlanTab {
  readonly name: string;
  readonly titleKey: TextKey;
  readonly Panel: ComponentType;
}

export interface PlanSlots {
  /** the line above the map: which plan, its state and next steps */
  readonly Head: ComponentType;
  /** left of the map: plans and the measures of the one that is open */
  readonly Left: ComponentType;
  /** over the map's lower edge: jobs that run */
  readonly Jobs: ComponentType;
  /** beside the tools: what acts on the whole plan, such as balancing */
  readonly Acts: ComponentType;
  /** dialogs and whatever lies over everything */
  readonly Over: ComponentType;
  /** right of the map, behind the edited community and the changes */
  readonly tabs: readonly PlanTab[];
}

function Left(): JSX.Element {
  return (
    <>
      <PlanTree />
      <ImportFound />
      {planId.value === 0 || phone.value ? null : <Figures />}
    </>
  );
}

function Acts(): JSX.Element {
  return (
    <button type="button" class="button small" onClick={() => showTab(BALANCE_TAB)}>
      {t("planBalanceTitle")}…
    </button>
  );
}

function Over(): JSX.Element {
  return (
    <>
      <NewPlan />
      <StepDialog />
      <ImportDialog />
      <StreetSheet />
    </>
  );
}

function Figures(): JSX.Element {
  return (
    <>
      <MeasuresPanel />
      <Worst />
    </>
  );
}

const TABS: readonly PlanTab[] = [
  { name: BALANCE_TAB, titleKey: "planBalance", Panel: BalancePanel },
  { name: "life", titleKey: "planLife", Panel: LifePanel },
  { name: "talk", titleKey: "planTalk", Panel: CommentsPanel },
  { name: COMPARE_TAB, titleKey: "planCompare", Panel: ComparePanel },
  { name: PROOF_TAB, titleKey: "planProof", Panel: ProofPanel },
  { name: MODEL_TAB, titleKey: "planModel", Panel: ModelPanel },
  { name: FILES_TAB, titleKey: "planFiles", Panel: FilesPanel },
];
/** A phone has no room at the left. */
const PHONE_TABS: readonly PlanTab[] = [{ name: "figures", titleKey: "planMeasures", Panel: Figures }, ...TABS];

export const slots: PlanSlots = {
  Head,
  Left,
  Jobs: JobBar,
  Acts,
  Over,
  get tabs() {
    return phone.value ? PHONE_TABS : TABS;
  },
};
