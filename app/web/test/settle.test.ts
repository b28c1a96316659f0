import { describe, expect, test } from "vitest";
import { held, isUnsettled, settled } from "../src/state/settle";

const rows = (...list: [number, string?][]): { no: number; text: string }[] =>
  list.map(([no, text = ""]) => ({ no, text }));
const order = (list: readonly { no: number }[]): number[] => list.map(({ no }) => no);

describe("a list that changes under somebody's hand", () => {
  test("every row keeps its place, with its newest contents", () => {
    const list = held(rows([1, "a"], [2, "b"], [3, "c"]), rows([3, "C"], [1, "A"], [2, "B"]));
    expect(list.rows).toEqual(rows([1, "A"], [2, "B"], [3, "C"]));
    expect(list.reordered).toBe(true);
    expect(isUnsettled(list)).toBe(true);
  });

  test("what is new waits, what is gone stays and is told", () => {
    const list = held(rows([1], [2], [3]), rows([9], [1], [3]));
    expect(order(list.rows)).toEqual([1, 2, 3]);
    expect([...list.gone]).toEqual([2]);
    expect(list.waiting).toBe(1);
    expect(list.reordered).toBe(false);
  });

  test("the same answer again leaves nothing to settle", () => {
    expect(isUnsettled(held(rows([1], [2]), rows([1], [2])))).toBe(false);
    expect(isUnsettled(settled(rows([1])))).toBe(false);
  });

  test("a row that comes back is no longer gone", () => {
    const once = held(rows([1], [2]), rows([1]));
    expect([...held(once.rows, rows([1], [2])).gone]).toEqual([]);
  });
});
