import { describe, expect, test } from "vitest";
import { classOf, makeScale, niceNumber, spread } from "../src/map/ramp";

describe("class breaks", () => {
  test("few whole values give a class each", () => {
    expect(makeScale([1, 2, 2, 3, 1, 0], 6)).toEqual({ lower: [1, 2, 3], max: 3 });
  });

  test("nothing above zero gives no class", () => {
    expect(makeScale([0, 0], 6)).toEqual({ lower: [], max: 0 });
    expect(classOf(makeScale([], 6), 5)).toBe(-1);
  });

  test("bounds ascend, are whole for counts, and the first takes in the least value", () => {
    const values = Array.from({ length: 400 }, (_, i) => Math.floor((i * i) / 300) + 1);
    const { lower, max } = makeScale(values, 6);
    expect(lower[0]).toBe(1);
    expect(lower).toHaveLength(6);
    expect([...lower].sort((a, b) => a - b)).toEqual([...lower]);
    expect(new Set(lower).size).toBe(lower.length);
    expect(lower.every(Number.isInteger)).toBe(true);
    expect(max).toBe(Math.max(...values));
  });

  test("a long tail of few gets classes too", () => {
    const values = [...Array<number>(900).fill(1), ...Array<number>(80).fill(2), 3, 4, 5, 6, 7, 9, 10];
    const { lower } = makeScale(values, 6);
    expect(lower.length).toBeGreaterThanOrEqual(5);
    expect(lower[lower.length - 1]).toBeGreaterThanOrEqual(5);
  });

  test("every value above zero has a class", () => {
    const values = [0.02, 0.4, 1.7, 3.3, 12, 15, 40, 120];
    const scale = makeScale(values, 6);
    for (const value of values) expect(classOf(scale, value)).toBeGreaterThanOrEqual(0);
    expect(classOf(scale, 0)).toBe(-1);
    expect(classOf(scale, undefined)).toBe(-1);
    expect(classOf(scale, 1e9)).toBe(scale.lower.length - 1);
  });

  test.each([
    [1234, true, 1200],
    [87, true, 80],
    [3.3, false, 3],
    [0.037, false, 0.04],
    [0.4, true, 1],
  ] as const)("%d becomes a readable number", (value, whole, nice) => {
    expect(niceNumber(value, whole)).toBeCloseTo(nice);
  });

  test("colours spread over the ramp; one class takes the middle", () => {
    const ramp = ["a", "b", "c", "d", "e"];
    expect(spread(ramp, 3)).toEqual(["a", "c", "e"]);
    expect(spread(ramp, 1)).toEqual(["c"]);
    expect(spread(ramp, 0)).toEqual([]);
  });
});
