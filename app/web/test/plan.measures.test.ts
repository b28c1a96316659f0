import { describe, expect, test } from "vitest";
import { Drawing, nextCell, type CellFigures } from "../src/faces/plan/bench/measures";
import type { Bench } from "../src/faces/plan/bench/types";
import { cellCode, COMMUNITY, squares } from "./planbench";

const cellOf = (drawing: Drawing, n: number): CellFigures => {
  const found = drawing.figures().cells.find(({ code }) => code === cellCode(n));
  if (!found) throw new Error(`no cell ${n}`);
  return found;
};

describe("a cell that is not there yet", () => {
  test("takes the number behind all that there ever were, and units like any other", () => {
    const bench = squares(["11", "22"], { dissolved: [cellCode(4)] });
    expect(nextCell(bench)).toBe(cellCode(5));
    const drawing = new Drawing(bench);
    expect(drawing.has(cellCode(5)) && drawing.mayMove(0, cellCode(5))).toBe(true);
    expect(drawing.has(cellCode(3)) || drawing.mayMove(0, cellCode(3)) || drawing.has(0)).toBe(false);
    drawing.show(new Map([[1000, cellCode(5)]]));
    expect(cellOf(drawing, 5).load).toBe(10);
    expect(drawing.figures().cells.length).toBe(3);
  });

  test("where all numbers are used there is none", () => {
    expect(nextCell({ code: COMMUNITY, cells: [], dissolved: [COMMUNITY + 999] })).toBe(0);
  });
});

describe("the figures of a community", () => {
  test("worked by hand: two cells of two squares", () => {
    const drawing = new Drawing(squares(["11", "22"]));
    // loads 10, 13 | 16, 13
    const { cells, mean_load, moved_households, spread, broken } = drawing.figures();
    expect(cells.map(({ load }) => load)).toEqual([23, 29]);
    expect(mean_load).toBe(26);
    expect(cells.map(({ deviation }) => deviation)).toEqual([23 / 26 - 1, 29 / 26 - 1]);
    expect(cells.map(({ households }) => households)).toEqual([21, 25]);
    expect(cells.map(({ incidents }) => incidents)).toEqual([1, 2]);
    // 20 x 10 m: 4 pi 200 / 60^2
    expect(cells[0]?.compactness).toBeCloseTo((4 * Math.PI * 200) / 3600, 12);
    expect([moved_households, broken]).toEqual([0, 0]);
    expect(spread).toBeCloseTo(3 / 26, 12);
  });

  test("a unit that changes its cell changes both, its way back restores them", () => {
    const drawing = new Drawing(squares(["112", "112"]));
    const before = drawing.figures();
    drawing.show(new Map([[1001, cellCode(2)]]));
    expect(cellOf(drawing, 1)).toMatchObject({ units: 3, households: 10 + 13 + 14, pieces: 1 });
    expect(cellOf(drawing, 2)).toMatchObject({ units: 3, households: 11 + 12 + 15, pieces: 1 });
    expect(drawing.figures().moved_households).toBe(11);
    expect(drawing.isPending(1)).toBe(true);
    drawing.show(new Map());
    expect(drawing.figures()).toEqual(before);
  });

  test("a cell that is cut is in pieces; a corner does not hold it together", () => {
    const drawing = new Drawing(squares(["111", "222"]));
    drawing.show(new Map([[1001, cellCode(2)]]));
    expect(cellOf(drawing, 1).pieces).toBe(2);
    expect(drawing.figures().broken).toBe(1);
    drawing.show(
      new Map([
        [1001, cellCode(2)],
        [1004, cellCode(1)],
      ]),
    );
    expect([cellOf(drawing, 1).pieces, cellOf(drawing, 2).pieces]).toEqual([3, 3]);
  });

  test("no cell holds together across a barrier", () => {
    const bench = squares(["11"]);
    const borders = bench.borders.map(([i, j, length_m, street]): Bench["borders"][number] => [
      i,
      j,
      length_m,
      street,
      false,
    ]);
    expect(cellOf(new Drawing({ ...bench, borders }), 1).pieces).toBe(2);
  });

  test("locked cells neither give nor take, nor count for the mean", () => {
    const bench = squares(["1123"]);
    const units = bench.units.map((unit) => ({ ...unit, locked: unit.cell === cellCode(3) }));
    const cells = bench.cells.map((cell) => ({ ...cell, locked: cell.code === cellCode(2) }));
    const drawing = new Drawing({ ...bench, units, cells });
    expect(drawing.figures().mean_load).toBe(cellOf(drawing, 1).load);
    expect(drawing.mayMove(0, cellCode(3))).toBe(false);
    expect(drawing.mayMove(0, cellCode(2))).toBe(false);
    expect(drawing.mayMove(2, cellCode(1))).toBe(false);
    expect(drawing.mayMove(3, cellCode(1))).toBe(false);
    expect(drawing.mayMove(0, cellCode(9))).toBe(false);
  });

  test("a cell without units is gone, a new one is there", () => {
    const bench = squares(["12"]);
    const drawing = new Drawing({
      ...bench,
      cells: [...bench.cells, { code: cellCode(7), name: "", kind: "ordinary", locked: false, today: false }],
    });
    expect(drawing.figures().cells.map(({ code }) => code)).toEqual([cellCode(1), cellCode(2)]);
    drawing.show(new Map([[1001, cellCode(7)]]));
    expect(drawing.figures().cells.map(({ code }) => code)).toEqual([cellCode(1), cellCode(7)]);
  });

  test("after any moves the figures are those of a drawing made anew", () => {
    const rows = Array.from({ length: 12 }, (_, y) =>
      Array.from({ length: 12 }, (_, x) => 1 + Math.floor(x / 4) + 3 * Math.floor(y / 6)).join(""),
    );
    const bench = squares(rows);
    const drawing = new Drawing(bench);
    let state = 7;
    const next = (below: number): number => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return (state >>> 8) % below;
    };
    const moves = new Map<number, number>();
    for (let step = 0; step < 200; step++) {
      const unit = bench.units[next(bench.units.length)];
      if (unit) moves.set(unit.unit_id, cellCode(1 + next(6)));
      if (step % 9 === 0) moves.delete([...moves.keys()][0] ?? 0);
      drawing.show(moves);
    }
    const moved: Bench = {
      ...bench,
      units: bench.units.map((unit) => ({ ...unit, cell: moves.get(unit.unit_id) ?? unit.cell })),
    };
    const anew = new Drawing(moved).figures();
    const kept = drawing.figures();
    expect(kept.cells.map(({ pieces, units, code }) => [pieces, units, code])).toEqual(
      anew.cells.map(({ pieces, units, code }) => [pieces, units, code]),
    );
    kept.cells.forEach((cell, i) => {
      const other = anew.cells[i];
      expect(cell.compactness).toBeCloseTo(other?.compactness ?? NaN, 9);
      expect(cell.load).toBeCloseTo(other?.load ?? NaN, 9);
      expect(cell.deviation).toBeCloseTo(other?.deviation ?? NaN, 9);
    });
    expect(kept.moved_households).toBe(anew.moved_households);
  });
});
