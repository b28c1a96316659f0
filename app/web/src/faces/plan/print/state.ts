/** The report of one street: asked for, laid out, and handed to the printer. */
import { signal } from "@preact/signals";
import { get } from "../../../api/client";
import { deed } from "../../../state/deed";
import { PATH, planId } from "../state";
import type { StreetReport } from "./types";

/** The tab in which reports are asked for; the sheet is there while it is open. */
export const FILES_TAB = "files";

export const reports = deed();
/** What lies ready for the printer; null when nothing is printed. */
export const sheet = signal<StreetReport | null>(null);

export async function printStreet(code: number): Promise<void> {
  await reports.run("report", async () => {
    sheet.value = await get<StreetReport>(`${PATH}/${planId.peek()}/streets/${code}/report`);
  });
}
