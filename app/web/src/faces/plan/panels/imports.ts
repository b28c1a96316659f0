/** A plan drawn elsewhere: the file, what does not fit about it, and the plan that it became. */
import { signal } from "@preact/signals";
import { upload } from "../../../api/client";
import type { Problem } from "../../../api/problem";
import { deed } from "../../../state/deed";
import { openPlan, PATH } from "../state";
import { reloadPlans } from "./plans";
import type { ImportAnswer } from "./shapes";

export const importing = signal(false);
export const deeds = deed();
export const answer = signal<ImportAnswer | null>(null);

export interface Wanted {
  readonly file: File;
  readonly title: string;
  readonly area_code: number;
  readonly repair: boolean;
  /** where the file does not say it; "" */
  readonly crs: string;
  /** of a file with several; "" */
  readonly layer: string;
}

/** What was sent last, to send it again with everything mended. */
let last: Wanted | null = null;

export async function bring(wanted: Wanted): Promise<boolean> {
  last = wanted;
  return deeds.run("import", async () => {
    const form = new FormData();
    form.append("file", wanted.file, wanted.file.name);
    form.append("title", wanted.title);
    form.append("area_code", String(wanted.area_code));
    form.append("repair", String(wanted.repair));
    if (wanted.crs !== "") form.append("crs", wanted.crs);
    if (wanted.layer !== "") form.append("layer", wanted.layer);
    answer.value = await upload<ImportAnswer>(`${PATH}/imports`, form);
    if (answer.value.plan_id !== null) {
      reloadPlans();
      openPlan(answer.value.plan_id);
    }
  });
}

/** The layers of a file that has several, as the server has found them. */
export function layersOf(problem: Problem | null): readonly string[] {
  const found = problem?.members["layers"];
  return Array.isArray(found) ? found.filter((name): name is string => typeof name === "string") : [];
}

/** The same file once more, mended by the server where it can be. */
export async function mend(): Promise<void> {
  if (last) await bring({ ...last, repair: true });
}

/** Put the report away, and its shapes on the map. */
export function forget(): void {
  deeds.forget();
  answer.value = null;
}
