/** A plan drawn elsewhere: the file, what does not fit about it, and the plan that it became. */
import { signal } from "@preact/signals";
import { upload } from "../../../api/client";
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
}

export async function bring(wanted: Wanted): Promise<void> {
  await deeds.run("import", async () => {
    const form = new FormData();
    form.append("file", wanted.file, wanted.file.name);
    form.append("title", wanted.title);
    form.append("area_code", String(wanted.area_code));
    form.append("repair", String(wanted.repair));
    answer.value = await upload<ImportAnswer>(`${PATH}/imports`, form);
    if (answer.value.plan_id !== null) {
      reloadPlans();
      openPlan(answer.value.plan_id);
    }
  });
}

/** Put the report away, and its shapes on the map. */
export function forget(): void {
  deeds.forget();
  answer.value = null;
}
