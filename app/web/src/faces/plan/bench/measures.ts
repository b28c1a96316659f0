/**
 * The figures of one community while it is edited, kept as units change their cells: a move costs its neighbours, not the
 * community. The definitions are the server's (`geodata/rebalance/measures.py`).
 */
import type { Moves } from "./history";
import type { Bench } from "./types";

export interface CellFigures {
  readonly code: number;
  readonly units: number;
  readonly load: number;
  /** load over the mean load of the community's free cells, less 1 */
  readonly deviation: number;
  readonly households: number;
  readonly incidents: number;
  readonly area_m2: number;
  /** 4 pi area / perimeter^2 */
  readonly compactness: number;
  /** connected pieces; none reaches across a barrier */
  readonly pieces: number;
  /** any of its units may move */
  readonly free: boolean;
}

export interface CommunityFigures {
  /** in the order of their codes; cells without a unit are left out */
  readonly cells: readonly CellFigures[];
  readonly mean_load: number;
  /** households in units whose cell differs from today's */
  readonly moved_households: number;
  readonly moved_units: number;
  readonly households: number;
  /** standard deviation of the deviations of free cells */
  readonly spread: number;
  readonly broken: number;
}

/** Cells that neither give nor take: locked ones, and those of locked units alone. */
function lockedCells({ cells, units }: Bench): ReadonlySet<number> {
  const used = new Set(units.map(({ cell }) => cell));
  const loose = new Set(units.filter(({ locked }) => !locked).map(({ cell }) => cell));
  return new Set(
    cells.filter(({ code, locked }) => locked || (used.has(code) && !loose.has(code))).map(({ code }) => code),
  );
}

/** The number that the community's next new cell takes; 0 where it has used all of them. As `planning` gives them. */
export function nextCell({ code, cells, dissolved }: Pick<Bench, "code" | "cells" | "dissolved">): number {
  const last = Math.max(code, ...cells.map((cell) => cell.code), ...dissolved);
  return last < code + LAST_NUMBER ? last + 1 : 0;
}
const LAST_NUMBER = 999;

/** A bench's units in cells, to be changed. Units are named by their index in the bench. */
export class Drawing {
  readonly codes: number[] = [];
  /** a cell that is not there yet, into which units may be put; 0 for none */
  readonly fresh: number;
  private readonly slotOf = new Map<number, number>();
  private readonly indexOf = new Map<number, number>();
  private readonly slots: Int32Array;
  private readonly load: number[] = [];
  private readonly households: number[] = [];
  private readonly incidents: number[] = [];
  private readonly area_m2: number[] = [];
  private readonly perimeter_m: number[] = [];
  private readonly units: number[] = [];
  private readonly loose: number[] = [];
  private readonly pieces: number[] = [];
  /** neighbours of unit i: `near[first[i]]` .. `near[first[i + 1]]` */
  private readonly first: Int32Array;
  private readonly near: Int32Array;
  private readonly length_m: Float64Array;
  private readonly passable: Uint8Array;
  private readonly lockedCells: ReadonlySet<number>;
  private pending: Moves = new Map();

  constructor(readonly bench: Bench) {
    const n = bench.units.length;
    this.lockedCells = lockedCells(bench);
    this.fresh = nextCell(bench);
    this.first = new Int32Array(n + 1);
    for (const [one, other] of bench.borders)
      for (const i of [one, other]) this.first[i + 1] = (this.first[i + 1] ?? 0) + 1;
    for (let i = 0; i < n; i++) this.first[i + 1] = (this.first[i + 1] ?? 0) + (this.first[i] ?? 0);
    const size = bench.borders.length * 2;
    this.near = new Int32Array(size);
    this.length_m = new Float64Array(size);
    this.passable = new Uint8Array(size);
    const at = this.first.slice();
    for (const [one, other, length_m, , passable] of bench.borders) {
      for (const [i, j] of [
        [one, other],
        [other, one],
      ] as const) {
        const place = at[i] ?? 0;
        at[i] = place + 1;
        this.near[place] = j;
        this.length_m[place] = length_m;
        this.passable[place] = passable ? 1 : 0;
      }
    }
    for (const { code } of bench.cells) this.slot(code);
    this.slots = new Int32Array(n).fill(-1);
    bench.units.forEach((unit, i) => {
      this.indexOf.set(unit.unit_id, i);
      this.enter(i, this.slot(unit.cell));
    });
  }

  /** The index of a unit by its id. */
  indexOfUnit(unit_id: number): number | undefined {
    return this.indexOf.get(unit_id);
  }

  /** The cell in which a unit lies now, pending moves included. */
  cellOf(unit: number): number {
    return this.codes[this.slots[unit] ?? -1] ?? 0;
  }

  /** Its cell in the draft as the server has it. */
  draftCellOf(unit_id: number): number | undefined {
    const index = this.indexOf.get(unit_id);
    return index === undefined ? undefined : this.bench.units[index]?.cell;
  }

  isPending(unit: number): boolean {
    return this.cellOf(unit) !== this.bench.units[unit]?.cell;
  }

  /** Whether a cell neither gives nor takes. */
  isLocked(cell: number): boolean {
    return this.lockedCells.has(cell);
  }

  /** Whether it is a cell of this community, or its next new one. */
  has(cell: number): boolean {
    return cell !== 0 && (cell === this.fresh || this.bench.cells.some(({ code }) => code === cell));
  }

  /** Whether a unit may be put into a cell: neither is locked, and the cell is of this community or its next new one. */
  mayMove(unit: number, cell: number): boolean {
    const known = this.bench.units[unit];
    if (!known || known.locked || this.isLocked(known.cell) || this.isLocked(cell)) return false;
    return this.has(cell);
  }

  /** Units that share a border with it. */
  neighbours(unit: number): readonly number[] {
    return [...this.near.subarray(this.first[unit] ?? 0, this.first[unit + 1] ?? 0)];
  }

  /** Put a unit into another cell. */
  assign(unit: number, cell: number): void {
    const to = this.slot(cell);
    if (this.slots[unit] === to) return;
    this.leave(unit);
    this.enter(unit, to);
  }

  /** Show the draft with exactly these moves on it. */
  show(pending: Moves): void {
    for (const unit_id of this.pending.keys()) {
      if (pending.has(unit_id)) continue;
      const index = this.indexOf.get(unit_id);
      const unit = index === undefined ? undefined : this.bench.units[index];
      if (index !== undefined && unit) this.assign(index, unit.cell);
    }
    for (const [unit_id, cell] of pending) {
      const index = this.indexOf.get(unit_id);
      if (index !== undefined) this.assign(index, cell);
    }
    this.pending = new Map(pending);
  }

  figures(): CommunityFigures {
    const order = this.codes.map((_, slot) => slot).filter((slot) => this.of(this.units, slot) > 0);
    order.sort((a, b) => this.of(this.codes, a) - this.of(this.codes, b));
    const free = order.filter((slot) => this.isFree(slot));
    const mean = free.length > 0 ? free.reduce((sum, slot) => sum + this.of(this.load, slot), 0) / free.length : 0;
    const cells = order.map((slot) => this.cell(slot, mean));
    const off = cells.filter((cell) => cell.free).map((cell) => cell.deviation);
    const middle = off.reduce((sum, value) => sum + value, 0) / Math.max(1, off.length);
    let moved_households = 0;
    let moved_units = 0;
    let households = 0;
    this.bench.units.forEach((unit, i) => {
      households += unit.households;
      if (this.cellOf(i) === unit.today) return;
      moved_households += unit.households;
      moved_units++;
    });
    return {
      cells,
      mean_load: mean,
      moved_households,
      moved_units,
      households,
      spread: Math.sqrt(off.reduce((sum, value) => sum + (value - middle) ** 2, 0) / Math.max(1, off.length)),
      broken: cells.filter(({ pieces }) => pieces > 1).length,
    };
  }

  private cell(slot: number, mean: number): CellFigures {
    const area_m2 = this.of(this.area_m2, slot);
    const perimeter_m = this.of(this.perimeter_m, slot);
    const load = this.of(this.load, slot);
    if (this.of(this.pieces, slot) < 0) this.pieces[slot] = this.countPieces(slot);
    return {
      code: this.of(this.codes, slot),
      units: this.of(this.units, slot),
      load,
      deviation: mean > 0 ? load / mean - 1 : 0,
      households: this.of(this.households, slot),
      incidents: this.of(this.incidents, slot),
      area_m2,
      compactness: perimeter_m > 0 ? (4 * Math.PI * area_m2) / perimeter_m ** 2 : 0,
      pieces: this.of(this.pieces, slot),
      free: this.isFree(slot),
    };
  }

  private of(column: readonly number[], slot: number): number {
    return column[slot] ?? 0;
  }

  private isFree(slot: number): boolean {
    return this.of(this.loose, slot) > 0 && !this.lockedCells.has(this.of(this.codes, slot));
  }

  private slot(cell: number): number {
    const known = this.slotOf.get(cell);
    if (known !== undefined) return known;
    const slot = this.codes.length;
    this.slotOf.set(cell, slot);
    this.codes.push(cell);
    for (const column of [
      this.load,
      this.households,
      this.incidents,
      this.area_m2,
      this.perimeter_m,
      this.units,
      this.loose,
    ])
      column.push(0);
    this.pieces.push(0);
    return slot;
  }

  private enter(unit: number, slot: number): void {
    this.slots[unit] = slot;
    this.add(unit, slot, 1);
  }

  private leave(unit: number): void {
    const slot = this.slots[unit] ?? -1;
    this.add(unit, slot, -1);
    this.slots[unit] = -1;
  }

  /** Its share of a cell's sums; the border that it has in common with the cell's other units is no rim. */
  private add(unit: number, slot: number, sign: 1 | -1): void {
    const known = this.bench.units[unit];
    if (!known || slot < 0) return;
    let rim_m = known.rim_m;
    for (let k = this.first[unit] ?? 0; k < (this.first[unit + 1] ?? 0); k++) {
      const next = this.near[k] ?? -1;
      if (next !== unit && this.slots[next] === slot) rim_m -= 2 * (this.length_m[k] ?? 0);
    }
    const put = (column: number[], amount: number): void => {
      column[slot] = this.of(column, slot) + sign * amount;
    };
    put(this.load, known.load);
    put(this.households, known.households);
    put(this.incidents, known.incidents);
    put(this.area_m2, known.area_m2);
    put(this.perimeter_m, rim_m);
    put(this.units, 1);
    put(this.loose, known.locked ? 0 : 1);
    this.pieces[slot] = -1;
  }

  private countPieces(slot: number): number {
    const seen = new Uint8Array(this.slots.length);
    let pieces = 0;
    for (let start = 0; start < this.slots.length; start++) {
      if (this.slots[start] !== slot || seen[start] === 1) continue;
      pieces++;
      const queue = [start];
      seen[start] = 1;
      for (let unit = queue.pop(); unit !== undefined; unit = queue.pop()) {
        for (let k = this.first[unit] ?? 0; k < (this.first[unit + 1] ?? 0); k++) {
          const next = this.near[k] ?? -1;
          if (this.passable[k] !== 1 || seen[next] === 1 || this.slots[next] !== slot) continue;
          seen[next] = 1;
          queue.push(next);
        }
      }
    }
    return pieces;
  }
}
