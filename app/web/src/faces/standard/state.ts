/** The filing standard in force, and the one that is about to be published. */
import { computed, signal } from "@preact/signals";
import { get, upload } from "../../api/client";
import { Problem } from "../../api/problem";
import { t } from "../../i18n";
import { deed } from "../../state/deed";
import { faceParam, setFaceParams } from "../../state/face";
import { serverNow } from "../../state/livefeed";
import { resource, track } from "../../state/resource";
import { face } from "../../state/store";
import { withStepUp } from "../../ui/StepUp";
import { day } from "../../ui/format";
import type { FilingStandard, Preview } from "./types";

const PATH = "/api/v1/standard";
export const WORKBOOK = "/api/v1/standard.xlsx";

const published = signal(0);

export const standard = resource<FilingStandard>(() => {
  if (face.value !== "standard") return null;
  track(published.value);
  return { id: `standard|${published.value}`, ask: (stop) => get<FilingStandard>(PATH, {}, stop) };
});

export const group = computed(() => faceParam("group"));
export const text = computed(() => faceParam("q"));
export const publishing = computed(() => faceParam("sel") === "publish");

export const deeds = deed();
export const file = signal<File | null>(null);
/** yyyy-mm-dd, local; from its beginning the new standard is in force */
export const validFrom = signal(day(serverNow()));
/** what the server says of this file on this day; null: not asked yet, or file or day have changed since */
export const preview = signal<Preview | null>(null);

export function openPublishing(open: boolean): void {
  deeds.forget();
  preview.value = null;
  setFaceParams({ sel: open ? "publish" : "" });
}

export function choose(part: { file?: File | null; validFrom?: string }): void {
  deeds.forget();
  preview.value = null;
  if (part.file !== undefined) file.value = part.file;
  if (part.validFrom !== undefined) validFrom.value = part.validFrom;
}

/** The file as it is now. One that was mended on the disk since it was chosen can no longer be read. */
async function copyOf(chosen: File): Promise<Blob> {
  try {
    return new Blob([await chosen.arrayBuffer()], { type: chosen.type });
  } catch {
    const message = t("standardFileChanged");
    throw new Problem(422, message, message, [{ field: "file", message }], null);
  }
}

async function send(name: string, path: string): Promise<void> {
  const chosen = file.peek();
  if (!chosen) return;
  await deeds.run(name, async () => {
    const form = new FormData();
    form.append("file", await copyOf(chosen), chosen.name);
    form.append("valid_from", validFrom.peek());
    const answer = await withStepUp(() => upload<Preview>(path, form));
    // The file or the day may have been changed while the server looked at it.
    if (file.peek() !== chosen) return;
    preview.value = answer;
    if (answer.published) published.value++;
  });
}

export const askPreview = (): Promise<void> => send("preview", `${PATH}/preview`);
export const publish = (): Promise<void> => send("publish", PATH);

/** A preview without a fault that has not been published yet. */
export const mayPublish = computed(
  () => preview.value !== null && preview.value.errors.length === 0 && !preview.value.published,
);
