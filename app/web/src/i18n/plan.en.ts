/** Texts of the planner's workbench. English. */
import type { planZh } from "./plan.zh";

export const planEn: Readonly<Record<keyof typeof planZh, string>> = {
  // Map, tools and the bench.
  // Panels.
  planNew: "New plan",
};
