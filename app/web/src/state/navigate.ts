/** Moving through the areas: filter, breadcrumb, card and map go together. */
import { batch } from "@preact/signals";
import { api } from "../api/client";
import type { Area } from "../api/types";
import { FACES } from "../faces";
import { mapHandle, select } from "./actions";
import { levelOf } from "./codes";
import { goFace } from "./face";
import * as data from "./data";
import { may } from "./session";
import { area } from "./store";

const NEAR_ZOOM = 16;

function knownArea(code: number): Area | undefined {
  for (const names of [data.districts, data.subdistricts, data.communities]) {
    const found = names.value.peek().data?.find((item) => item.code === code);
    if (found) return found;
  }
  return undefined;
}

/** Enter an area (a cell only shows its card: a filter of one cell helps nobody) and open its card. */
export async function goArea(code: number, options: { fly: boolean }): Promise<void> {
  const found: Pick<Area, "bbox"> | null =
    knownArea(code) ?? (options.fly ? await api.area(code).catch(() => null) : null);
  batch(() => {
    goFace("watch");
    if (levelOf(code) !== "cell") area.value = code;
    select({ kind: "area", code });
    if (options.fly && found) mapHandle.value?.fly(found.bbox);
  });
}

/** Back to the whole city. */
export function goCity(): void {
  batch(() => {
    goFace("watch");
    area.value = 0;
    select(null);
    const bbox = data.city.value.peek().data?.bbox;
    if (bbox) mapHandle.value?.fly(bbox, 12);
  });
}

/** Open the card of a case on its face, and where that may not be opened, beside the map. */
export function goCase(no: number): void {
  const cases = FACES.find(({ name }) => name === "cases");
  if (cases && may(cases.operation)) {
    goFace("cases", { sel: String(no) });
    return;
  }
  batch(() => {
    goFace("watch");
    select({ kind: "incident", no });
  });
}

/** A place on the map, with nothing opened beside it. */
export function showOnMap(lon: number, lat: number): void {
  batch(() => {
    goFace("watch");
    select(null);
    mapHandle.value?.show(lon, lat, NEAR_ZOOM);
  });
}
