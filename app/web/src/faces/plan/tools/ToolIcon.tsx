/** Line icons of the tools, 20 x 20, drawn in the colour of the text around them. */
import type { JSX } from "preact";

const PATHS = {
  pick: "M10 3v4M10 13v4M3 10h4M13 10h4M10 10h.01",
  click: "M5 3l10 6-4.6 1.2L8 15 5 3ZM11 11l4 5",
  brush: "M12.5 3.5l4 4-6.5 6.5-4-4 6.5-6.5ZM6 10c-2 .5-2.500 3-3 6.500 3.500-.5 6-1 6.500-3",
  lasso:
    "M10 4c4 0 7 1.700 7 4.200S14 12.500 10 12.500 3 10.700 3 8.200 6 4 10 4ZM6.500 12c-1.500 1-1.500 2.500 0 3s1 1.500 0 2.500",
  rectangle: "M3.500 5h13v10h-13z",
  split: "M3 4h14v12H3zM10 2v3M10 7.500v5M10 15v3",
  merge: "M3 4h5v12H3zM12 4h5v12h-5zM8 10h4M9.500 8.500 8 10l1.500 1.500M10.500 8.500 12 10l-1.500 1.500",
  lock: "M4.500 9h11v7.500h-11zM7 9V6.500a3 3 0 0 1 6 0V9",
  undo: "M7 4 3.500 7.500 7 11M4 7.500h8a4 4 0 0 1 0 8H8",
  redo: "M13 4l3.500 3.500L13 11M16 7.500H8a4 4 0 0 0 0 8h4",
  before: "M12 4l-6 6 6 6",
} as const;

export function ToolIcon({ name }: { name: keyof typeof PATHS }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
