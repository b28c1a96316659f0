/** Boxes that may not overlap, on a coarse grid so that a thousand labels are placed in about a millisecond. */

export interface Box {
  readonly minX: number;
  readonly minY: number;
  readonly maxX: number;
  readonly maxY: number;
}

const CELL_PX = 64;

export class CollisionGrid {
  private readonly buckets = new Map<number, Box[]>();

  /** Take the place if it is free. Returns false, and changes nothing, when it is not. */
  tryPlace(box: Box): boolean {
    if (this.collides(box)) return false;
    this.block(box);
    return true;
  }

  /** Take the place whether it is free or not. */
  block(box: Box): void {
    this.each(box, (key) => {
      const bucket = this.buckets.get(key);
      if (bucket) bucket.push(box);
      else this.buckets.set(key, [box]);
      return false;
    });
  }

  collides(box: Box): boolean {
    return this.each(box, (key) => (this.buckets.get(key) ?? []).some((other) => overlaps(box, other)));
  }

  private each(box: Box, visit: (key: number) => boolean): boolean {
    const x1 = Math.floor(box.maxX / CELL_PX);
    const y1 = Math.floor(box.maxY / CELL_PX);
    for (let x = Math.floor(box.minX / CELL_PX); x <= x1; x++) {
      for (let y = Math.floor(box.minY / CELL_PX); y <= y1; y++) {
        if (visit(x * 65_536 + y)) return true;
      }
    }
    return false;
  }
}

export function overlaps(a: Box, b: Box): boolean {
  return a.minX < b.maxX && a.maxX > b.minX && a.minY < b.maxY && a.maxY > b.minY;
}

export function centredBox(x: number, y: number, width: number, height: number): Box {
  return { minX: x - width / 2, minY: y - height / 2, maxX: x + width / 2, maxY: y + height / 2 };
}
