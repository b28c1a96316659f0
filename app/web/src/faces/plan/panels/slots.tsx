/** What the panels put into the frame of the workbench. */
import type { ComponentType } from "preact";
import type { TextKey } from "../../../i18n";

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

const Nothing: ComponentType = () => null;

export const slots: PlanSlots = { Head: Nothing, Left: Nothing, Jobs: Nothing, Acts: Nothing, Over: Nothing, tabs: [] };
