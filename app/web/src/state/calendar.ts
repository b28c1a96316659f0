/** The working days of years, and which of them the city should take now. */
import { signal } from "@preact/signals";
import { get } from "../api/client";
import type { components } from "../api/schema";
import { resource, track } from "./resource";
import { may } from "./session";

type Schemas = components["schemas"];
export type YearCalendar = Schemas["YearCalendar"];
export type CalendarDay = Schemas["Day"];
export type TakenYear = Schemas["TakenYear"];
export type MovedCase = Schemas["MovedCase"];
type Overview = Schemas["CalendarOverview"];

export const CALENDAR_PATH = "/api/v1/calendar";

/** Counts what this page has taken: whoever shows a calendar asks again. */
export const takenYears = signal(0);

/** Asked by whoever can do something about it. */
export const overview = resource<Overview>(() => {
  if (!may("take_calendar_year")) return null;
  track(takenYears.value);
  return { id: `overview|${takenYears.value}`, ask: (stop) => get<Overview>(CALENDAR_PATH, {}, stop) };
});
