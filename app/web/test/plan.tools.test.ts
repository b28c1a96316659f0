import { describe, expect, test } from "vitest";
import {
  canDoAgain,
  doAgain,
  gesture,
  net,
  NOTHING,
  renumbered,
  stillPossible,
  takeBack,
} from "../src/faces/plan/bench/history";
import { communitiesOf, keyOf, packed, unpacked } from "../src/faces/plan/bench/kept";
import { inLasso, inRectangle, insidePolygon, labelPoint, underBrush, type At } from "../src/faces/plan/bench/lasso";
import { edgesOf, sidesBetween, traceEdges, type Edges, type Shapes } from "../src/faces/plan/map/edges";

const grid = { x: Float64Array.from([0, 1, 2, 0, 1, 2]), y: Float64Array.from([0, 0, 0, 1, 1, 1]) };

describe("what a gesture takes in", () => {
  test("a rectangle, from whichever corner it is drawn", () => {
    expect(inRectangle(grid, [1.5, 2], [0.5, -1])).toEqual([1, 4]);
    expect(inRectangle(grid, [0.5, -1], [1.5, 2])).toEqual([1, 4]);
    expect(inRectangle(grid, [5, 5], [6, 6])).toEqual([]);
  });

  test("a line drawn by hand, also one that is hollow; a click draws none", () => {
    expect(
      inLasso(grid, [
        [-0.5, -0.5],
        [0.5, -0.5],
        [0.5, 0.5],
        [2.5, 0.5],
        [2.5, 1.5],
        [-0.5, 1.5],
      ]),
    ).toEqual([0, 3, 4, 5]);
    expect(
      inLasso(grid, [
        [0, 0],
        [1, 1],
      ]),
    ).toEqual([]);
  });

  test("a brush takes what it passes over, not only what lies at its ends", () => {
    expect(underBrush(grid, [0, -0.1], [2, -0.1], 0.2)).toEqual([0, 1, 2]);
    expect(underBrush(grid, [1, 1], [1, 1], 0.4)).toEqual([4]);
  });

  test("a label lies in its unit, also in one with a bay or a hole", () => {
    const square: At[] = [
      [0, 0],
      [2, 0],
      [2, 2],
      [0, 2],
    ];
    expect(labelPoint([square])).toEqual([1, 1]);
    const bay: At[] = [
      [0, 0],
      [6, 0],
      [6, 1],
      [1, 1],
      [1, 5],
      [6, 5],
      [6, 6],
      [0, 6],
    ];
    const hole: At[] = [
      [0.5, 0.5],
      [1.5, 0.5],
      [1.5, 1.5],
      [0.5, 1.5],
    ];
    for (const rings of [[bay], [square, hole]]) {
      const [x, y] = labelPoint(rings);
      expect(insidePolygon(rings, x, y)).toBe(true);
    }
  });
});

describe("pending moves", () => {
  const today = (): number => 1;

  test("gestures are taken back and done again; another one forgets what was taken back", () => {
    const two = gesture(
      gesture(NOTHING, new Map([[10, 2]])),
      new Map([
        [11, 2],
        [10, 3],
      ]),
    );
    expect([...net(two, today)]).toEqual([
      [10, 3],
      [11, 2],
    ]);
    const one = takeBack(two);
    expect([...net(one, today)]).toEqual([[10, 2]]);
    expect(net(doAgain(one), today)).toEqual(net(two, today));
    expect(canDoAgain(gesture(one, new Map([[12, 2]])))).toBe(false);
    expect(takeBack(takeBack(one))).toEqual(takeBack(one));
  });

  test("a unit that is put back is not moved; nothing is no gesture", () => {
    const there = gesture(NOTHING, new Map([[10, 2]]));
    expect(net(gesture(there, new Map([[10, 1]])), today).size).toBe(0);
    expect(gesture(there, new Map())).toBe(there);
  });

  test("a new cell whose number somebody else has taken gets the next one", () => {
    const two = gesture(gesture(NOTHING, new Map([[10, 5]])), new Map([[11, 2]]));
    expect([...net(renumbered(two, 5, 6), today)]).toEqual([
      [10, 6],
      [11, 2],
    ]);
  });

  test("what is laid aside is there again for whoever laid it aside, and for nobody else", () => {
    const two = takeBack(
      gesture(
        gesture(NOTHING, new Map([[10, 2]])),
        new Map([
          [11, 2],
          [12, 3],
        ]),
      ),
    );
    const kept = new Map([
      [keyOf(7, 620111001001000), two],
      [keyOf(8, 620111001002000), NOTHING],
    ]);
    const text = packed("a", kept);
    expect(unpacked(text, "a")).toEqual(new Map([[keyOf(7, 620111001001000), two]]));
    expect(unpacked(text, "b").size).toBe(0);
    expect(communitiesOf(unpacked(text, "a"), 7)).toEqual([620111001001000]);
    expect(communitiesOf(unpacked(text, "a"), 8)).toEqual([]);
    expect(packed("a", new Map([["7.1", takeBack(takeBack(two))]]))).toBe("");
    for (const wrong of [
      null,
      "",
      "{",
      "[]",
      "3",
      '{"user":"a"}',
      '{"user":"a","rows":[1,["k"],["k",1,[[[1,"x"]]]]]}',
    ]) {
      expect([...unpacked(wrong, "a").values()].every(({ gestures }) => gestures.every(({ size }) => size === 0))).toBe(
        true,
      );
    }
  });

  test("what is still possible is kept when somebody else changed the draft", () => {
    const three = gesture(
      NOTHING,
      new Map([
        [10, 2],
        [11, 2],
        [12, 3],
      ]),
    );
    const now = (unit: number): number => (unit === 10 ? 2 : 1);
    const kept = stillPossible(three, now, (_, cell) => cell !== 3);
    expect([...net(kept, now)]).toEqual([[11, 2]]);
  });
});

describe("sides between shapes", () => {
  // Two squares side by side, and one apart; a hole's ring belongs to its shape.
  const shapes: Shapes = {
    xy: Int32Array.from([0, 0, 2, 0, 2, 2, 0, 2, 2, 0, 4, 0, 4, 2, 2, 2, 9, 9, 10, 9, 10, 10]),
    ends: Int32Array.from([8, 16, 22]),
    owner: Int32Array.from([0, 1, 2]),
  };
  const edges = edgesOf(shapes);

  test("a side in common is found once, whichever way it is drawn", () => {
    expect(edges.from).toHaveLength(4 + 4 - 1 + 3);
    const shared = [...edges.one].map((one, i) => [one, edges.other[i]]).filter(([, other]) => other !== -1);
    expect(shared).toEqual([[0, 1]]);
  });

  test("a line goes on as long as its sides follow each other", () => {
    const drawn: string[] = [];
    const ctx = {
      moveTo: (x: number, y: number) => drawn.push(`M${x},${y}`),
      lineTo: (x: number, y: number) => drawn.push(`L${x},${y}`),
    };
    const at = (i: number): number => shapes.xy[i] ?? NaN;
    traceEdges(
      ctx,
      edges,
      (one, other) => one === 0 && other === -1,
      at,
      (i) => at(i + 1),
    );
    expect(drawn.join(" ")).toBe("M0,0 L2,0 M2,2 L0,2 L0,0");
  });

  test("a corner on the side of a neighbour cuts it", () => {
    // A tall shape with two small ones beside it: its long side has no corner where they meet.
    const tall: Shapes = {
      xy: Int32Array.from([
        0, 0, 400, 0, 400, 800, 0, 800, 400, 0, 700, 0, 700, 300, 400, 300, 400, 300, 700, 300, 700, 800, 400, 800,
      ]),
      ends: Int32Array.from([8, 16, 24]),
      owner: Int32Array.from([0, 1, 2]),
    };
    const pairs = (found: Edges): string[] =>
      [...found.one]
        .map((one, i) => `${one}${found.other[i] ?? ""}`)
        .filter((pair) => !pair.includes("-"))
        .sort();
    expect(pairs(edgesOf(tall))).toEqual(["12"]);
    expect(pairs(sidesBetween(tall).edges)).toEqual(["01", "02", "12"]);
  });

  test("many shapes: every inner side of squared paper has two owners", () => {
    const n = 30;
    const xy: number[] = [];
    for (let y = 0; y < n; y++) for (let x = 0; x < n; x++) xy.push(x, y, x + 1, y, x + 1, y + 1, x, y + 1);
    const all: Shapes = {
      xy: Int32Array.from(xy, (value) => value * 37 - 500),
      ends: Int32Array.from({ length: n * n }, (_, i) => 8 * (i + 1)),
      owner: Int32Array.from({ length: n * n }, (_, i) => i),
    };
    const found = edgesOf(all);
    expect(found.from).toHaveLength(2 * n * (n + 1));
    expect([...found.other].filter((other) => other === -1)).toHaveLength(4 * n);
  });
});
