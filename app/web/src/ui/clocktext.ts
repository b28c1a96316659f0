/** Clocks and limits in words. */
import { lang, t } from "../i18n";
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

const LIMIT_UNITS = ["work_hour", "urgent_hour", "work_day", "calendar_day"] as const;

/** `4 work_hour` as it is said; a unit that nobody told us of shows as it is. */
export function limitText(limit: string): string {
  const said = limit.split("|").map((one) => {
    const [n = "", word = ""] = one.trim().split(" ");
    const unit = LIMIT_UNITS.find((known) => known === word);
    return unit ? t(`unit_limit_${unit}`, { n }) : one;
  });
  return said.join(lang.value === "zh" ? "、" : ", ");
}
