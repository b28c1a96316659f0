import { describe, expect, test } from "vitest";
import { changesOf } from "../src/faces/plan/bench/changes";
import { movedOn, rowsOf, type MoveRow } from "../src/faces/plan/bench/rows";
import type { CellColumns } from "../src/faces/plan/bench/types";
import { CLASSES, classCounts, deviationClass, MIDDLE } from "../src/faces/plan/map/deviation";
import { boxOfUnits, cellLabels, groundOf, stepFrom, unitAt } from "../src/faces/plan/map/ground";
import { signOf } from "../src/faces/plan/map/signs";
import { readView, viewText } from "../src/faces/plan/map/view";
import { worldX, worldY } from "../src/map/project";
import { cellCode, COMMUNITY, squares } from "./planbench";

describe("classes of deviation", () => {
  test("a cell right on a bound belongs to the class nearer the mean", () => {
    expect([-1, -0.4, -0.2, -0.1, 0, 0.1, 0.2, 0.4, 3].map(deviationClass)).toEqual([0, 1, 2, 3, 3, 3, 4, 5, 6]);
    expect(deviationClass(0.1 + 1e-15)).toBe(MIDDLE);
    expect(deviationClass(0.101)).toBe(MIDDLE + 1);
  });

  test("cells that do not count are in no class", () => {
    const counts = classCounts([
      { deviation: 0, free: true },
      { deviation: 0.5, free: true },
      { deviation: 0.5, free: false },
    ]);
    expect(counts).toHaveLength(CLASSES);
    expect(counts).toEqual([0, 0, 0, 1, 0, 0, 1]);
  });

  test("a sign tells what is wrong without colour", () => {
    expect(signOf({ kind: "fault", deviation: null })).toBe("✕");
    expect(signOf({ kind: "beyond_20", deviation: 0.3 })).toBe("▲");
    expect(signOf({ kind: "beyond_15", deviation: -0.16 })).toBe("▼");
  });
});

describe("the moves of a plan", () => {
  const moves = new Map<number, MoveRow>([[1, { before: cellCode(1), after: cellCode(2), households: 5 }]]);
  const households = (unit: number): number => unit * 10;

  test("follow an edit; a unit that is back in its base is not moved", () => {
    const there = movedOn(moves, { moves: [{ unit_id: 7, before: cellCode(3), after: cellCode(4) }] }, households);
    expect(there.get(7)).toEqual({ before: cellCode(3), after: cellCode(4), households: 70 });
    const further = movedOn(there, { moves: [{ unit_id: 7, before: cellCode(4), after: cellCode(5) }] }, households);
    expect(further.get(7)).toEqual({ before: cellCode(3), after: cellCode(5), households: 70 });
    const back = movedOn(
      further,
      {
        moves: [
          { unit_id: 7, before: cellCode(5), after: cellCode(3) },
          { unit_id: 1, before: cellCode(2), after: cellCode(1) },
        ],
      },
      households,
    );
    expect(back.size).toBe(0);
    expect(moves.size).toBe(1);
  });

  test("are gathered by from and to, the largest first; of one community or all", () => {
    const other = COMMUNITY + 5000;
    const many = new Map<number, MoveRow>([
      [1, { before: cellCode(1), after: cellCode(2), households: 5 }],
      [2, { before: cellCode(3), after: cellCode(2), households: 20 }],
      [3, { before: cellCode(1), after: cellCode(2), households: 7 }],
      [4, { before: other + 1, after: other + 2, households: 1 }],
    ]);
    expect(changesOf(many, COMMUNITY)).toEqual([
      { from: cellCode(3), to: cellCode(2), units: [2], households: 20 },
      { from: cellCode(1), to: cellCode(2), units: [1, 3], households: 12 },
    ]);
    expect(changesOf(many, 0)).toHaveLength(3);
  });

  test("columns become rows by code", () => {
    const columns = {
      code: [cellCode(1)],
      name: ["一"],
      load: [3],
      load_today: [null],
      deviation: [0.5],
      deviation_today: [null],
      households: [1],
      incidents: [1],
      pieces: [2],
      free: [true],
      changed: [true],
    };
    expect(rowsOf(columns as unknown as CellColumns).get(cellCode(1))).toMatchObject({
      load: 3,
      load_today: null,
      pieces: 2,
    });
  });
});

describe("the ground of a community", () => {
  const ground = groundOf(squares(["112", "122"]));

  test("a point finds its unit", () => {
    expect(unitAt(ground, worldX(1.5, 0), worldY(0.5, 0))).toBe(1);
    expect(unitAt(ground, worldX(9, 0), worldY(0.5, 0))).toBeNull();
  });

  test("arrow keys step to the next unit in their direction, and stay at the rim", () => {
    expect(stepFrom(ground, 0, 1, 0)).toBe(1);
    expect(stepFrom(ground, 0, 0, -1)).toBe(3); // the second row lies north
    expect(stepFrom(ground, 2, 1, 0)).toBe(2);
    expect(stepFrom(ground, 4, 0, 1)).toBe(1);
  });

  test("a cell's number stands on one of its units", () => {
    const labels = cellLabels(ground, (unit) => ground.bench.units[unit]?.cell ?? 0);
    for (const [cell, unit] of labels) expect(ground.bench.units[unit]?.cell).toBe(cell);
    expect([...labels.keys()].sort()).toEqual([cellCode(1), cellCode(2)]);
  });

  test("the box of some units", () => {
    expect(boxOfUnits(ground, [0, 4])).toEqual([0, 0, 2, 2]);
    expect(boxOfUnits(ground, [])).toBeNull();
  });
});

describe("the map's place in the address", () => {
  test("goes there and back, and nothing else is read", () => {
    const place = { zoom: 14, lat: 36.06111, lon: 103.83432 };
    expect(readView(viewText(place))).toEqual(place);
    for (const broken of ["", "14_36", "99_36_103", "14_96_103", "14_x_103", "14_36.1_203"])
      expect(readView(broken)).toBeNull();
  });
});
