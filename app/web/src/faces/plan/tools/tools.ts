/** The tools: which there are, their keys, and what each does to a cell or a unit. */
import { computed, signal } from "@preact/signals";
import type { TextKey } from "../../../i18n";
import { problems } from "../panels/measures";
import { canEdit, openBench, placing, planMap, setTool, tool, type ToolName } from "../state";
import { cancelPending, edits, join, setLock, split, toggleUnit } from "../bench/actions";
import { aim, drawing, growing, hovered, notice, pendingMoves, target } from "../bench/store";
import { ancestorAt } from "../../../state/codes";

export interface Tool {
  readonly name: ToolName;
  readonly key: string;
  readonly titleKey: TextKey;
  readonly hintKey: TextKey;
}

export const TOOL_LIST: readonly Tool[] = [
  { name: "pick", key: "p", titleKey: "toolPick", hintKey: "toolPickHint" },
  { name: "click", key: "c", titleKey: "toolClick", hintKey: "toolClickHint" },
  { name: "brush", key: "b", titleKey: "toolBrush", hintKey: "toolBrushHint" },
  { name: "lasso", key: "l", titleKey: "toolLasso", hintKey: "toolLassoHint" },
  { name: "split", key: "s", titleKey: "toolSplit", hintKey: "toolSplitHint" },
  { name: "merge", key: "m", titleKey: "toolMerge", hintKey: "toolMergeHint" },
  { name: "lock", key: "k", titleKey: "toolLock", hintKey: "toolLockHint" },
];

/** What is drawn with the lasso tool: a line by hand, or a rectangle. */
export const rectangle = signal(false);

export const BRUSHES_PX = [8, 14, 24, 40, 64] as const;
export const brush = signal(2);
export const brushRadius_px = computed(() => BRUSHES_PX[brush.value] ?? 24);
export function widerBrush(step: 1 | -1): void {
  brush.value = Math.max(0, Math.min(BRUSHES_PX.length - 1, brush.peek() + step));
}

/** The first cell of a merge, and a cell of which the split is asked; 0 for none. */
export const first = signal(0);

/** Take a tool, or put it back; the lasso, taken again, becomes a rectangle. */
export function take(name: ToolName): void {
  first.value = 0;
  if (tool.peek() === name && name === "lasso") {
    rectangle.value = !rectangle.peek();
    return;
  }
  setTool(tool.peek() === name ? null : name);
}

/** Whether dragging draws instead of moving the map. */
export const drags = computed(() => canEdit.value && (tool.value === "brush" || tool.value === "lasso"));

/** A click, or the keyboard's, on a unit of the edited community. */
export function useOn(unit: number): void {
  const drawn = drawing.peek();
  if (!drawn) return;
  const cell = drawn.cellOf(unit);
  const name = tool.peek();
  if (name === null || name === "pick" || !canEdit.peek()) {
    aim(cell === target.peek() && name !== "click" ? 0 : cell);
    return;
  }
  if (name === "lock") {
    void setLock(cell, !drawn.bench.cells.some(({ code, locked }) => code === cell && locked));
    return;
  }
  if (name === "split" || name === "merge") {
    useOnCell(cell);
    return;
  }
  if (target.peek() === 0) aim(cell);
  else toggleUnit(unit);
}

/** Split and merge change the accepted draft: they wait for what is pending. */
export function useOnCell(cell: number): void {
  if (pendingMoves.peek().size > 0) return;
  const before = first.peek();
  if (tool.peek() === "split") {
    first.value = cell;
  } else if (before === 0 || before === cell) {
    first.value = before === cell ? 0 : cell;
  } else {
    first.value = 0;
    void join(cell, before);
  }
}

/** The second press of a split. */
export function splitFirst(): void {
  const cell = first.peek();
  first.value = 0;
  if (cell !== 0) void split(cell);
}

/** Which of the problems is looked at; -1 before the first. */
export const problemAt = signal(-1);

export function stepProblem(step: 1 | -1): void {
  const list = problems.value.peek().data?.problems ?? [];
  if (list.length === 0) return;
  const before = problemAt.peek();
  const at = before < 0 ? (step > 0 ? 0 : list.length - 1) : (before + step + list.length) % list.length;
  problemAt.value = at;
  const problem = list[at];
  const cell = problem?.cells[0];
  if (!problem) return;
  if (cell !== undefined && pendingMoves.peek().size === 0) openBench(ancestorAt(cell, "community"));
  planMap.value?.show(problem.lon, problem.lat, 15);
}

/** Escape takes back one thing after the other. Returns false when nothing was left. */
export function stepBack(): boolean {
  if (placing.peek()) placing.value = null;
  else if (growing.peek().size > 0) growing.value = new Map();
  else if (first.peek() !== 0) first.value = 0;
  else if (pendingMoves.peek().size > 0) cancelPending();
  else if (hovered.peek() !== null && document.activeElement?.classList.contains("leaflet-container"))
    hovered.value = null;
  else if (tool.peek()) setTool(null);
  else if (target.peek() !== 0) target.value = 0;
  else if (drawing.peek()) openBench(0);
  else return false;
  return true;
}

export const busy = computed(() => edits.busy.value !== "");
export const forgetNotice = (): void => {
  notice.value = null;
};
