import { describe, expect, it } from "vitest";
import { ATTENDED_MS, isWorthTelling, presenceHeaders, touched } from "../src/api/presence";

describe("presence", () => {
  it("marks what nobody caused, and only that", () => {
    touched(1_000);
    expect(presenceHeaders(1_000)).toEqual({});
    expect(presenceHeaders(1_000 + ATTENDED_MS)).toEqual({});
    expect(presenceHeaders(1_001 + ATTENDED_MS)).toEqual({ "X-Minqing-Background": "1" });
    touched(100_000);
    expect(presenceHeaders(100_500)).toEqual({});
  });

  it("tells of somebody who only reads, every two minutes at most", () => {
    expect(isWorthTelling(5_000, 0, 60_000)).toBe(false);
    expect(isWorthTelling(5_000, 0, 120_000)).toBe(true);
    expect(isWorthTelling(5_000, 120_000, 900_000)).toBe(false);
  });
});
