/** Texts of the planner's workbench. Chinese. Keys of the map and its tools begin with `tool`, `bench`, `planMap`. */
export const planZh = {
  // Map, tools and the bench.
  // Panels.
  planNew: "新建方案",
} as const;
