/** Numbers with thousands separators, times in Asia/Shanghai. */
import { t } from "../i18n";

const ZONE = "Asia/Shanghai";
const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });
const fine = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 3 });

export const number = (value: number): string => whole.format(value);

/** Enough digits to tell legend classes apart, no more. */
export const figure = (value: number): string =>
  Number.isInteger(value) ? whole.format(value) : value >= 100 ? whole.format(value) : fine.format(value);

/** An area in km²; small ones with one decimal more. */
export function squareKm(area_m2: number): string {
  const km2 = area_m2 / 1e6;
  return km2 >= 100 ? whole.format(km2) : km2 >= 1 ? oneDigit.format(km2) : fine.format(km2);
}

function formatter(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat("en-CA", { timeZone: ZONE, hour12: false, hourCycle: "h23", ...options });
}

const clockFormat = formatter({ hour: "2-digit", minute: "2-digit" });
const secondsFormat = formatter({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dayFormat = formatter({ year: "numeric", month: "2-digit", day: "2-digit" });

const asMs = (at: string | number): number => (typeof at === "string" ? Date.parse(at) : at);

/** 12:40 */
export const clock = (at: string | number): string => clockFormat.format(asMs(at));
/** 12:40:07 */
export const clockSeconds = (at: string | number): string => secondsFormat.format(asMs(at));
/** 2026-11-23 */
export const day = (at: string | number): string => dayFormat.format(asMs(at));

/** The clock today, with the day otherwise: 12:40, 11-22 12:40, 2025-12-01 12:40 */
export function moment(at: string | number, now: number): string {
  const onDay = day(at);
  const today = day(now);
  if (onDay === today) return clock(at);
  return onDay.slice(0, 4) === today.slice(0, 4) ? `${onDay.slice(5)} ${clock(at)}` : `${onDay} ${clock(at)}`;
}

/** How long ago, in the largest unit that is at least one. */
export function ago(at: string | number, now: number): string {
  const seconds = Math.max(0, Math.round((now - asMs(at)) / 1000));
  if (seconds < 10) return t("ago_now");
  if (seconds < 60) return t("ago_s", { n: seconds });
  if (seconds < 3600) return t("ago_min", { n: Math.floor(seconds / 60) });
  if (seconds < 48 * 3600) return t("ago_h", { n: Math.floor(seconds / 3600) });
  return t("ago_d", { n: Math.floor(seconds / 86_400) });
}

/** A length of time in a round unit: 15 min, 2 h, 1 d. */
export function span(seconds: number): string {
  if (seconds < 5400) return t("span_min", { n: Math.max(1, Math.round(seconds / 60)) });
  if (seconds < 36 * 3600) return t("span_h", { n: Number((seconds / 3600).toFixed(1)) });
  return t("span_d", { n: Number((seconds / 86_400).toFixed(1)) });
}

const SMALL_N = 20;
const MOST_PERCENT = 999;

/** A change in percent, or null where the base is too small, or the change too large, for one to mean anything. */
export function change(now: number, before: number): number | null {
  if (before < SMALL_N || now < SMALL_N) return null;
  const percent = ((now - before) / before) * 100;
  return percent > MOST_PERCENT ? null : percent;
}

/** yyyy-mm-ddThh:mm for an input, in Asia/Shanghai, and back to UTC milliseconds. */
export function toLocalInput(at: number): string {
  return new Date(at + 8 * 3_600_000).toISOString().slice(0, 16);
}

export function fromLocalInput(value: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/.test(value)) return null;
  const at = Date.parse(`${value}:00Z`) - 8 * 3_600_000;
  return Number.isNaN(at) ? null : at;
}
