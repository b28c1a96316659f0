/** Line icons, 20 x 20, drawn in the colour of the text around them. */
import type { JSX } from "preact";

const PATHS = {
  search: "M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11Zm4 9.5 4 4",
  close: "M5 5l10 10M15 5 5 15",
  back: "M12 4l-6 6 6 6",
  down: "M5 8l5 5 5-5",
  right: "M8 5l5 5-5 5",
  plus: "M10 4v12M4 10h12",
  minus: "M4 10h12",
  layers: "M10 3 2.5 7 10 11l7.5-4L10 3ZM3 10.5l7 3.7 7-3.7M3 13.8l7 3.7 7-3.7",
  panel: "M3 4h14v12H3zM12 4v12",
  wall: "M3 4h14v9H3zM7 16.5h6M10 13v3.5",
  theme: "M10 3a7 7 0 1 0 0 14V3Z",
  keys: "M2.5 5.5h15v9h-15zM5.5 8.5h.01M8.5 8.5h.01M11.5 8.5h.01M14.5 8.5h.01M6 11.7h8",
  pin: "M10 17.5S4.5 12.4 4.5 8.3a5.5 5.5 0 0 1 11 0c0 4.1-5.5 9.2-5.5 9.2ZM10 10a1.8 1.8 0 1 0 0-3.6A1.8 1.8 0 0 0 10 10Z",
  now: "M10 3.2a6.8 6.8 0 1 0 6.8 6.8M10 6v4.2l2.8 1.6M16.8 4v4h-4",
  filter: "M3 5h14M6 10h8M8.5 15h3",
  who: "M10 10a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4ZM3.5 17c.6-3.3 3.2-5 6.5-5s5.9 1.7 6.5 5",
  map: "M3 5.5 7.5 3.5l5 2L17 3.5v11l-4.5 2-5-2L3 16.5v-11ZM7.5 3.5v11M12.5 5.5v11",
  cases: "M4 4h12v12.5H4zM7 8h6M7 11h6M7 14h3.5M8 2.5h4v3H8z",
  plan: "M3 3.5h14v13H3zM3 9h6V3.5M9 9v7.5M9 12.5h8M13 3.5v9",
  disputes: "M2.5 4h9v6.5h-5L4 13v-2.5H2.5zM14 7.5h3.5V14H16v2.5L13.5 14H9v-1.5",
  warnings: "M10 3 2 16.5h16L10 3ZM10 8v4M10 14.2v.3",
  standard:
    "M4.5 3h9.5a1.5 1.5 0 0 1 1.5 1.5V17H6a1.5 1.5 0 0 1-1.5-1.5V3ZM4.5 15.5A1.5 1.5 0 0 1 6 14h9.5M8 6.5h4.5M8 9.5h4.5",
  users:
    "M7.5 9.5a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6ZM2 16.5c.5-3 2.6-4.5 5.5-4.5s5 1.5 5.5 4.5M13 4.2a2.8 2.8 0 0 1 0 5M14.5 12.3c2 .5 3.2 1.9 3.5 4.2",
  webhooks: "M3 10h9M9 6l4 4-4 4M13 3.5h4v13h-4",
  mailboxes: "M2.5 5h15v10.5h-15zM2.5 5.5l7.5 6 7.5-6",
  audit: "M10 2.5 4 5v4.5c0 4 2.5 6.6 6 8 3.5-1.4 6-4 6-8V5l-6-2.5ZM7.3 10l2 2 3.6-4",
  camera: "M3 6.5h3L7.5 4h5L14 6.5h3v9.5H3zM10 14a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z",
  print: "M6 7.5V3h8v4.5M6 14H3.5V7.5h13V14H14M6 12h8v5H6z",
  duty: "M10 9a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM4 17v-1.5C4 13 6 11.5 10 11.5s6 1.5 6 4V17M8.3 14.2l1.3 1.3 2.4-2.6",
  more: "M4.5 10h.01M10 10h.01M15.5 10h.01",
  city: "M3 17V8l5-3v12M8 17V6l9 3v8M2 17h16M11 11h3M11 14h3",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
