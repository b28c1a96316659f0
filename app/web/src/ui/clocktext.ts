/** Clocks and limits in words. */
import { fill, lang, t, word } from "../i18n";
import { spanOf, type ClockView } from "../state/clockview";

/** 3 天 2 小时, 3 小时 12 分, 40 分钟: the two largest units. */
export function lengthText(seconds: number): string {
  const { days, hours, minutes } = spanOf(seconds);
  if (days > 0) return hours > 0 ? t("length_dh", { d: days, h: hours }) : t("length_d", { d: days });
  if (hours > 0) return minutes > 0 ? t("length_hm", { h: hours, m: minutes }) : t("length_h", { h: hours });
  return minutes > 0 ? t("length_m", { m: minutes }) : t("length_none");
}

export function clockText({ kind, left_s }: ClockView): string {
  const length = left_s === null ? "" : lengthText(left_s);
  return t(`clock_${kind}`, { length });
}

/** `4 work_hour` as it is said, `|` and `;` parting several; a unit that nobody told us of shows as it is. */
export function limitText(limit: string): string {
  return limit
    .split(/[|;]/)
    .map(oneLimit)
    .join(lang.value === "zh" ? "、" : ", ");
}

/** One of them, with its condition in brackets where it has one. */
function oneLimit(text: string): string {
  const [, n = "", unit = "", condition = ""] = /^([\d.]+) ([a-z_]+)( \(.*\))?$/.exec(text.trim()) ?? [];
  const said = word("unit_limit", unit);
  return said.includes("{n}") ? fill(said, { n }) + condition : text.trim();
}
