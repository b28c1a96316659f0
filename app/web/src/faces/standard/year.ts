/** The calendar of one year on screen, and the file that is about to be taken for it. */
import { computed, signal } from "@preact/signals";
import { get, sendText } from "../../api/client";
import { CALENDAR_PATH, takenYears, type TakenYear, type YearCalendar } from "../../state/calendar";
import { deed } from "../../state/deed";
import { faceParam, setFaceParams } from "../../state/face";
import { serverNow } from "../../state/livefeed";
import { resource, track } from "../../state/resource";
import { face } from "../../state/store";
import { withStepUp } from "../../ui/StepUp";
import { day } from "../../ui/format";

export const calendarOpen = computed(() => faceParam("sel") === "calendar");

const thisYear = (): number => Number(day(serverNow()).slice(0, 4));

/** The present year and those for which a notice may come. */
export const years = (): readonly number[] => [0, 1, 2].map((more) => thisYear() + more);

export const year = computed(() => (/^\d{4}$/.test(faceParam("year")) ? Number(faceParam("year")) : thisYear()));

export const calendar = resource<YearCalendar>(() => {
  if (face.value !== "standard" || !calendarOpen.value) return null;
  track(takenYears.value);
  const wanted = year.value;
  return {
    id: `calendar${wanted}|${takenYears.value}`,
    ask: (stop) => get<YearCalendar>(`${CALENDAR_PATH}/${wanted}`, {}, stop),
  };
});

export const deeds = deed();
export const file = signal<File | null>(null);
/** what the server says of this file for this year; null: not asked yet, or file or year have changed since */
export const found = signal<TakenYear | null>(null);
export const mayTake = computed(() => found.value !== null && !found.value.taken);

function anew(): void {
  deeds.forget();
  found.value = null;
}

export function openCalendar(open: boolean): void {
  anew();
  setFaceParams({ sel: open ? "calendar" : "", year: "" });
}

export function showYear(wanted: number): void {
  anew();
  setFaceParams({ year: String(wanted) });
}

export function choose(chosen: File | null): void {
  anew();
  file.value = chosen;
}

async function send(name: string, dryRun: boolean): Promise<void> {
  const chosen = file.peek();
  if (!chosen) return;
  const wanted = year.peek();
  await deeds.run(name, async () => {
    const text = await chosen.text();
    const path = `${CALENDAR_PATH}/${wanted}${dryRun ? "?dry_run=true" : ""}`;
    const answer = await withStepUp(() => sendText<TakenYear>("PUT", path, text, "text/csv"));
    // The file or the year may have been changed while the server looked at it.
    if (file.peek() !== chosen || year.peek() !== wanted) return;
    found.value = answer;
    if (answer.taken) takenYears.value++;
  });
}

export const tryYear = (): Promise<void> => send("preview", true);
export const takeYear = (): Promise<void> => send("take", false);
