/** Texts of the planner's workbench. English. */
import type { planZh } from "./plan.zh";

export const planEn: Readonly<Record<keyof typeof planZh, string>> = {
  // Map, tools and the bench.
  face_plan: "Plan",
  planMapLabel: "Map of the plan",
  tools: "Tools",
  benchTabs: "What is in the plan",
  benchTab: "Community",
  benchChanges: "Moves",
  benchNone: "No community is open",
  benchNoneHint: "Click one on the map, or let “next problem” take you where it is needed most",
  benchNoChanges: "The plan moves no unit yet",
  // Panels.
  planNew: "New plan",
};
