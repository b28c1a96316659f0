/** The map's colours, read from the same CSS tokens as the page, so light and dark have one source. */

export interface Palette {
  readonly dark: boolean;
  readonly ground: string;
  readonly land: string;
  readonly seam: string;
  readonly outlineFar: string;
  readonly outlineMid: string;
  readonly outlineNear: string;
  readonly text: string;
  readonly textSoft: string;
  readonly halo: string;
  readonly river: string;
  readonly select: string;
  readonly panel: string;
  readonly line: string;
  readonly open: string;
  readonly short: string;
  readonly ramp: readonly string[];
  readonly stages: readonly string[];
  readonly font: string;
}

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    dark: token("scheme") === "dark",
    ground: token("map-ground"),
    land: token("map-land"),
    seam: token("map-seam"),
    outlineFar: token("map-outline-far"),
    outlineMid: token("map-outline-mid"),
    outlineNear: token("map-outline-near"),
    text: token("text"),
    textSoft: token("text-2"),
    halo: token("map-halo"),
    river: token("map-river"),
    select: token("map-select"),
    panel: token("panel"),
    line: token("line"),
    open: token("state-registered"),
    short: token("state-reported"),
    ramp: Array.from({ length: 7 }, (_, i) => token(`ramp-${i}`)),
    stages: ["reported", "registered", "assigned", "handling", "checking", "closed"].map((s) => token(`state-${s}`)),
    font: token("font"),
  };
}
