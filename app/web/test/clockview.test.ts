import { describe, expect, test } from "vitest";
import type { CaseClock } from "../src/api/cases";
import { lang } from "../src/i18n";
import { clockView, isAdjusted, spanOf } from "../src/state/clockview";
import { clockText, lengthText, limitText } from "../src/ui/clocktext";

const NOW = Date.UTC(2026, 10, 23, 4, 0);
const HOUR_MS = 3_600_000;
const at = (ms: number): string => new Date(ms).toISOString();

function clock(parts: Partial<CaseClock>): CaseClock {
  const due_at = at(NOW + 4 * HOUR_MS);
  return {
    limit: "4 work_hour",
    started_at: at(NOW - HOUR_MS),
    ended_at: null,
    raw_due_at: due_at,
    due_at,
    raw_remaining_s: 14_400,
    remaining_s: 14_400,
    raw_state: "ok",
    state: "ok",
    extensions: 0,
    is_paused: false,
    is_provisional: false,
    ...parts,
  };
}

describe("how a clock is shown", () => {
  test("nothing where no limit is fixed or nothing runs yet", () => {
    expect(clockView(undefined, NOW)).toBeNull();
    expect(clockView(clock({ state: "no_limit", due_at: null }), NOW)).toBeNull();
    expect(clockView(clock({ state: "not_started", due_at: null }), NOW)).toBeNull();
  });

  test("what is left is counted to now, not to the server's answer", () => {
    expect(clockView(clock({}), NOW + HOUR_MS)).toEqual({ kind: "ok", left_s: 3 * 3600 });
    expect(clockView(clock({ state: "due_soon" }), NOW)).toEqual({ kind: "due_soon", left_s: 4 * 3600 });
  });

  test("a deadline that passes on screen is overdue without being told", () => {
    expect(clockView(clock({ state: "due_soon" }), NOW + 4 * HOUR_MS + 60_000)).toEqual({
      kind: "overdue",
      left_s: -60,
    });
  });

  test("a paused clock stands still, a deadline in the past or not", () => {
    expect(clockView(clock({ is_paused: true, remaining_s: 600 }), NOW + 9 * HOUR_MS)).toEqual({
      kind: "paused",
      left_s: 600,
    });
  });

  test("an ended clock keeps how it ended", () => {
    const ended_at = at(NOW - 60_000);
    expect(clockView(clock({ ended_at, remaining_s: 14_460 }), NOW + 99 * HOUR_MS)).toEqual({
      kind: "kept",
      left_s: 14_460,
    });
    expect(clockView(clock({ ended_at, state: "overdue", remaining_s: -120 }), NOW)).toEqual({
      kind: "missed",
      left_s: -120,
    });
  });

  test("an unpublished calendar is said, not guessed", () => {
    expect(clockView(clock({ state: "unknown", due_at: null }), NOW)).toEqual({ kind: "unknown", left_s: null });
  });

  test("raw and adjusted differ after an extension", () => {
    expect(isAdjusted(clock({}))).toBe(false);
    expect(isAdjusted(clock({ raw_due_at: at(NOW) }))).toBe(true);
  });
});

describe("lengths in words", () => {
  test("minutes are cut, not rounded: nobody gets a minute more than there is", () => {
    expect(spanOf(59)).toEqual({ days: 0, hours: 0, minutes: 0 });
    expect(spanOf(-90_061)).toEqual({ days: 1, hours: 1, minutes: 1 });
  });

  test("the two largest units", () => {
    lang.value = "zh";
    expect(lengthText(59)).toBe("不到 1 分钟");
    expect(lengthText(40 * 60)).toBe("40 分钟");
    expect(lengthText(3 * 3600 + 12 * 60)).toBe("3 小时 12 分");
    expect(lengthText(86_400 * 2)).toBe("2 天");
    expect(clockText({ kind: "overdue", left_s: -86_400 })).toBe("超期 1 天");
    lang.value = "en";
    expect(clockText({ kind: "due_soon", left_s: 2400 })).toBe("Due in 40 min");
    expect(limitText("4 work_hour")).toBe("4 work hours");
    expect(limitText("3 fortnight")).toBe("3 fortnight");
  });
});
