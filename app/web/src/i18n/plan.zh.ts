/** Texts of the planner's workbench. Chinese. Keys of the map and its tools begin with `tool`, `bench`, `planMap`. */
export const planZh = {
  // Map, tools and the bench.
  face_plan: "网格调整",
  planMapLabel: "方案地图",
  tools: "工具",
  benchTabs: "方案内容",
  benchTab: "社区网格",
  benchChanges: "划转",
  benchNone: "还没有打开社区",
  benchNoneHint: "在地图上点一个社区，或用“下一个问题”去往最需要调整的地方",
  benchNoChanges: "方案还没有划转任何地块",
  // Panels.
  planNew: "新建方案",
} as const;
