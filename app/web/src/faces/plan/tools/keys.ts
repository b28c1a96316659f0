/** The workbench's keyboard. Letters are the tools'; arrows step from unit to unit while the map has the focus. */
import { faceKeys, type FaceKeys } from "../../../state/face";
import { accept, redo, undo } from "../bench/actions";
import { drawing, hovered, pendingMoves } from "../bench/store";
import type { BenchGround } from "../map/ground";
import { stepFrom } from "../map/ground";
import { stepBack, stepProblem, take, TOOL_LIST, useOn, widerBrush } from "./tools";

/** The map's own shapes, for stepping over them; set by the map's view. */
export interface Steps {
  readonly ground: () => BenchGround | null;
  /** bring a unit into view */
  readonly reveal: (unit: number) => void;
}

/** A button or a tab answers Enter and Space by itself. */
function ownEnter(event: KeyboardEvent): boolean {
  return (
    event.target instanceof HTMLElement && event.target.closest("button, a, summary, [role=tab], [role=radio]") !== null
  );
}

const onMap = (event: KeyboardEvent): boolean =>
  event.target instanceof HTMLElement && event.target.classList.contains("leaflet-container");

export function startPlanKeys(steps: Steps): () => void {
  const step =
    (dx: number, dy: number) =>
    (event: KeyboardEvent): void => {
      const ground = steps.ground();
      if (!ground || !onMap(event)) return;
      event.preventDefault();
      const from = hovered.peek();
      const next = from === null ? 0 : stepFrom(ground, from, dx, dy);
      hovered.value = next;
      steps.reveal(next);
    };
  const keys: Record<string, (event: KeyboardEvent) => void> = {
    Escape: () => void stepBack(),
    Enter: (event) => {
      if (ownEnter(event)) return;
      if (pendingMoves.peek().size > 0) void accept();
      else if (onMap(event) && hovered.peek() !== null && drawing.peek()) useOn(hovered.peek() ?? 0);
    },
    " ": (event) => {
      if (!onMap(event) || hovered.peek() === null) return;
      event.preventDefault();
      useOn(hovered.peek() ?? 0);
    },
    n: () => stepProblem(1),
    N: () => stepProblem(-1),
    "[": () => widerBrush(-1),
    "]": () => widerBrush(1),
    ArrowRight: step(1, 0),
    ArrowLeft: step(-1, 0),
    ArrowDown: step(0, 1),
    ArrowUp: step(0, -1),
  };
  for (const { name, key } of TOOL_LIST) keys[key] = () => take(name);
  faceKeys.value = keys satisfies FaceKeys;
  const onControl = (event: KeyboardEvent): void => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.key.toLowerCase() !== "z") return;
    const typing =
      event.target instanceof HTMLElement && ["INPUT", "TEXTAREA", "SELECT"].includes(event.target.tagName);
    if (typing || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    void (event.shiftKey ? redo() : undo());
  };
  document.addEventListener("keydown", onControl);
  return () => {
    document.removeEventListener("keydown", onControl);
    faceKeys.value = null;
  };
}
