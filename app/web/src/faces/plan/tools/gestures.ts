/** What the pointer does on the workbench's map: hover, click, and dragging with brush and lasso. */
import L from "leaflet";
import { effect } from "@preact/signals";
import { ancestorAt } from "../../../state/codes";
import { movesInto, settleGesture } from "../bench/actions";
import { inLasso, inRectangle, underBrush, type At } from "../bench/lasso";
import { drawing, growing, hovered, hoveredCell, live, pendingMoves, target } from "../bench/store";
import type { PlanMap } from "../map/planmap";
import { markAt } from "../map/signs";
import { planTip } from "../map/status";
import { UNITS_FROM } from "../map/tiles";
import { marked, openBench, placing, planId, tool } from "../state";
import { brushRadius_px, drags, rectangle, useOn } from "./tools";

const CLICK_PX = 4;

export function startGestures(plan: PlanMap): () => void {
  const { map } = plan;
  const element = map.getContainer();
  let stroke: { from: L.Point; last: L.Point; line: L.Point[]; rectangle: boolean } | null = null;
  let held = false;
  let frame = 0;
  let lastAt: L.Point | null = null;

  const stops = [
    effect(() => {
      const draws = drags.value && target.value !== 0 && live.value !== null;
      element.classList.toggle("drawing", draws);
      element.classList.toggle(
        "picking",
        placing.value !== null || (tool.value !== null && tool.value !== "brush" && tool.value !== "lasso"),
      );
      if (draws && !held) map.dragging.disable();
      else map.dragging.enable();
      // Arrows step from unit to unit then.
      if (live.value) map.keyboard.disable();
      else map.keyboard.enable();
      if (!draws) {
        plan.sketch = null;
        plan.redrawPointer();
      }
    }),
  ];

  const point = (event: PointerEvent): L.Point => map.mouseEventToContainerPoint(event);
  const draws = (): boolean =>
    !held && drags.peek() && target.peek() !== 0 && plan.ground !== null && placing.peek() === null;

  const down = (event: PointerEvent): void => {
    if (event.button !== 0 || event.pointerType === "touch" || !draws()) return;
    if (event.target instanceof Element && event.target.closest("button")) return;
    const at = point(event);
    stroke = { from: at, last: at, line: [at], rectangle: rectangle.peek() || event.shiftKey };
    element.setPointerCapture(event.pointerId);
    hovered.value = null;
    hoveredCell.value = 0;
    planTip.value = null;
    event.preventDefault();
    element.focus({ preventScroll: true });
    drag(at);
  };

  const drag = (at: L.Point): void => {
    const ground = plan.ground;
    if (!stroke || !ground) return;
    const inPlane = (p: L.Point): At => {
      const { x, y } = plan.worldAt(p);
      return [x, y];
    };
    if (tool.peek() === "brush") {
      const radius = brushRadius_px.peek() / 2 ** map.getZoom();
      const units = underBrush(ground.labels, inPlane(stroke.last), inPlane(at), radius);
      // A unit larger than the brush is taken by the brush's middle.
      const under = plan.unitAt(at);
      const more = movesInto(under === null ? units : [...units, under], target.peek());
      if (more.size > 0) growing.value = new Map([...growing.peek(), ...more]);
      plan.sketch = { line: [], closed: false, brush: { at, radius_px: brushRadius_px.peek() } };
    } else {
      if (at.distanceTo(stroke.line[stroke.line.length - 1] ?? at) >= 2) stroke.line.push(at);
      const corners = [stroke.from, L.point(at.x, stroke.from.y), at, L.point(stroke.from.x, at.y)];
      const units = stroke.rectangle
        ? inRectangle(ground.labels, inPlane(stroke.from), inPlane(at))
        : inLasso(ground.labels, stroke.line.map(inPlane));
      growing.value = new Map();
      growing.value = movesInto(units, target.peek());
      plan.sketch = { line: stroke.rectangle ? corners : stroke.line, closed: true, brush: null };
    }
    stroke.last = at;
    plan.redrawPointer();
  };

  const move = (event: PointerEvent): void => {
    if (event.pointerType === "touch") return;
    lastAt = point(event);
    if (frame !== 0) return;
    frame = requestAnimationFrame(() => {
      frame = 0;
      if (!lastAt) return;
      if (stroke) drag(lastAt);
      else hover(lastAt, event);
    });
  };

  const hover = (at: L.Point, event: PointerEvent): void => {
    if (planId.peek() === 0 || (event.target instanceof Element && event.target.closest("button"))) return;
    const unit = plan.unitAt(at);
    hovered.value = unit;
    const cell = unit === null ? plan.cellAt(at) : (drawing.peek()?.cellOf(unit) ?? 0);
    hoveredCell.value = unit === null ? 0 : cell;
    planTip.value = cell === 0 ? null : { x: at.x, y: at.y, cell, unit };
    if (draws() && tool.peek() === "brush") {
      plan.sketch = { line: [], closed: false, brush: { at, radius_px: brushRadius_px.peek() } };
      plan.redrawPointer();
    }
  };

  const up = (event: PointerEvent): void => {
    if (!stroke) return;
    if (lastAt) drag(point(event));
    const { from } = stroke;
    stroke = null;
    if (tool.peek() === "lasso") plan.sketch = null;
    if (tool.peek() === "lasso" && from.distanceTo(point(event)) < CLICK_PX) growing.value = new Map();
    settleGesture();
    plan.redrawPointer();
  };

  const cancel = (): void => {
    stroke = null;
    growing.value = new Map();
    plan.sketch = null;
    plan.redrawPointer();
  };

  const leave = (): void => {
    if (stroke) return;
    lastAt = null;
    hovered.value = null;
    hoveredCell.value = 0;
    planTip.value = null;
    plan.sketch = null;
    plan.redrawPointer();
  };

  const clicked = (event: L.LeafletMouseEvent): void => {
    const placed = placing.peek();
    if (placed) {
      placing.value = null;
      placed(Number(event.latlng.lng.toFixed(6)), Number(event.latlng.lat.toFixed(6)));
      return;
    }
    if (planId.peek() === 0) return;
    const world = map.project(event.latlng, map.getZoom());
    const mark = markAt(marked.peek(), world.x, world.y, map.getZoom());
    if (mark?.onClick) {
      mark.onClick();
      return;
    }
    const unit = plan.unitAt(event.containerPoint);
    if (unit !== null) {
      // With brush and lasso the stroke has done it, unless there is no target yet.
      if (!draws()) useOn(unit);
      return;
    }
    const cell = plan.cellAt(event.containerPoint);
    if (cell === 0 || pendingMoves.peek().size > 0) return;
    openBench(ancestorAt(cell, "community"));
    if (map.getZoom() < UNITS_FROM) planTip.value = null;
  };

  const space = (event: KeyboardEvent): void => {
    if (event.code !== "Space" || !drags.peek()) return;
    held = event.type === "keydown";
    if (held) map.dragging.enable();
    else if (target.peek() !== 0) map.dragging.disable();
  };

  element.addEventListener("pointerdown", down);
  element.addEventListener("pointermove", move);
  element.addEventListener("pointerup", up);
  element.addEventListener("pointercancel", cancel);
  element.addEventListener("pointerleave", leave);
  document.addEventListener("keydown", space);
  document.addEventListener("keyup", space);
  map.on("click", clicked);
  return () => {
    for (const stop of stops) stop();
    document.removeEventListener("keydown", space);
    document.removeEventListener("keyup", space);
  };
}
