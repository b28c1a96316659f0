import { describe, expect, test } from "vitest";
import { fromBrush, tickTimes, toTime } from "../src/state/brush";
import { customWindow, PRESETS, resolveWindow, rfc3339, spanMs } from "../src/state/window";

const NOW = Date.UTC(2026, 10, 23, 4, 8, 31, 500);
const MINUTE = 60_000;

describe("time windows", () => {
  test.each(PRESETS)("%s ends now and begins at most a step early", (preset) => {
    const { since, until } = resolveWindow(preset, NOW);
    expect(until).toBeNull();
    expect(NOW - since).toBeGreaterThanOrEqual(spanMs(preset));
    expect(NOW - since).toBeLessThan(spanMs(preset) * 1.02);
  });

  test("two screens a few seconds apart ask the same question", () => {
    const at = Date.UTC(2026, 10, 23, 4, 8, 5);
    expect(resolveWindow("24h", at)).toEqual(resolveWindow("24h", at + 20_000));
  });

  test("a custom window stands still", () => {
    const window = customWindow(NOW - 90 * MINUTE, NOW - 30 * MINUTE, NOW);
    expect(resolveWindow(window, NOW + 1e7)).toEqual(window);
  });

  test("ends in any order, never empty, never in the future", () => {
    const later = NOW + 60 * MINUTE;
    const window = customWindow(later, NOW, NOW);
    expect(window.until).toBeLessThanOrEqual(NOW);
    expect(window.until - window.since).toBeGreaterThanOrEqual(MINUTE);
  });

  test("instants are written in UTC", () => {
    expect(rfc3339(Date.UTC(2026, 0, 2, 3, 4, 5))).toBe("2026-01-02T03:04:05Z");
  });
});

describe("the brush", () => {
  const scale = { since: NOW - 24 * 60 * MINUTE, until: NOW, width: 720 };

  test("time to pixels and back", () => {
    const at = NOW - 6 * 60 * MINUTE;
    expect(toTime(scale, fromBrush(scale, at))).toBeCloseTo(at, -1);
    expect(toTime(scale, -50)).toBe(scale.since);
    expect(toTime(scale, 5000)).toBe(scale.until);
  });

  test("ticks are round local hours inside the range", () => {
    const { at, step_ms } = tickTimes(scale);
    expect(step_ms).toBe(3 * 60 * MINUTE);
    for (const tick of at) {
      expect((tick + 8 * 60 * MINUTE) % step_ms).toBe(0);
      expect(tick).toBeGreaterThanOrEqual(scale.since);
      expect(tick).toBeLessThanOrEqual(scale.until);
    }
  });
});
