import { describe, expect, test } from "vitest";
import type { Paged } from "../src/api/types";
import { firstParts } from "../src/state/parts";
import { grown } from "../src/state/settle";

const server = (all: readonly number[], size: number) => {
  const asked: (string | undefined)[] = [];
  const ask = (cursor: string | undefined): Promise<Paged<number>> => {
    asked.push(cursor);
    const from = Number(cursor ?? 0);
    const next = from + size < all.length ? String(from + size) : null;
    return Promise.resolve({ total: all.length, items: all.slice(from, from + size), next });
  };
  return { ask, asked };
};

describe("the beginning of a list in parts", () => {
  test("as many parts as are wanted, as one list", async () => {
    const { ask, asked } = server([1, 2, 3, 4, 5, 6, 7], 3);
    expect(await firstParts(1, ask, Number)).toEqual({ total: 7, items: [1, 2, 3], next: "3" });
    expect(await firstParts(2, ask, Number)).toEqual({ total: 7, items: [1, 2, 3, 4, 5, 6], next: "6" });
    expect(asked).toEqual([undefined, undefined, "3"]);
  });

  test("ends where the list ends", async () => {
    const { ask, asked } = server([1, 2, 3, 4], 3);
    expect(await firstParts(9, ask, Number)).toEqual({ total: 4, items: [1, 2, 3, 4], next: null });
    expect(asked).toEqual([undefined, "3"]);
    expect(await firstParts(2, server([], 3).ask, Number)).toEqual({ total: 0, items: [], next: null });
  });

  test("what moved from one part into the next is there once", async () => {
    const { ask } = server([1, 2, 3, 2, 4], 3);
    expect((await firstParts(2, ask, Number)).items).toEqual([1, 2, 3, 4]);
  });
});

describe("a list that grew because somebody asked for more", () => {
  const rows = (...nos: number[]): { no: number }[] => nos.map((no) => ({ no }));

  test("what is new comes behind; rows keep their places, gone ones stay faded", () => {
    const list = grown(rows(1, 2, 3), rows(1, 3, 4, 5));
    expect(list.rows.map(({ no }) => no)).toEqual([1, 2, 3, 4, 5]);
    expect([...list.gone]).toEqual([2]);
    expect(list.waiting).toBe(0);
    expect(list.reordered).toBe(false);
  });

  test("what is more urgent than what is shown may be let in to its place", () => {
    expect(grown(rows(2, 3), rows(1, 2, 3)).reordered).toBe(true);
  });
});
