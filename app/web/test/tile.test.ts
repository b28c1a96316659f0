import { PbfWriter } from "pbf";
import { describe, expect, test } from "vitest";
import { decodeTile, numberOf } from "../src/map/decode";
import { containsPoint, nearestSymbol, polygonAt } from "../src/map/hittest";

type Ring = readonly (readonly [number, number])[];

const zigzag = (n: number): number => (n << 1) ^ (n >> 31);

/** The commands of the tile format for closed rings. */
function polygon(rings: readonly Ring[]): number[] {
  const words: number[] = [];
  let x = 0;
  let y = 0;
  for (const ring of rings) {
    ring.forEach(([px, py], i) => {
      if (i === 0) words.push((1 << 3) | 1);
      if (i === 1) words.push(((ring.length - 1) << 3) | 2);
      words.push(zigzag(px - x), zigzag(py - y));
      x = px;
      y = py;
    });
    words.push((1 << 3) | 7);
  }
  return words;
}

interface Made {
  readonly type: number;
  readonly geometry: readonly number[];
  readonly code: number;
}

function tile(layer: string, features: readonly Made[]): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeMessage(
    3,
    (_: unknown, out: PbfWriter) => {
      out.writeVarintField(15, 2);
      out.writeStringField(1, layer);
      features.forEach((feature, i) => {
        out.writeMessage(
          2,
          (_none: unknown, into: PbfWriter) => {
            into.writePackedVarint(2, [0, i]);
            into.writeVarintField(3, feature.type);
            into.writePackedVarint(4, [...feature.geometry]);
          },
          null,
        );
      });
      out.writeStringField(3, "code");
      for (const feature of features) {
        out.writeMessage(4, (_none: unknown, into: PbfWriter) => into.writeVarintField(4, feature.code), null);
      }
      out.writeVarintField(5, 4096);
    },
    null,
  );
  return pbf.finish();
}

const SQUARE: Ring = [
  [100, 100],
  [900, 100],
  [900, 900],
  [100, 900],
];
const HOLE: Ring = [
  [400, 400],
  [400, 600],
  [600, 600],
  [600, 400],
];
const ELSEWHERE: Ring = [
  [2000, 2000],
  [3000, 2000],
  [2000, 3000],
];

const bytes = tile("cells", [
  { type: 3, geometry: polygon([SQUARE, HOLE]), code: 620102001001001 },
  { type: 3, geometry: polygon([ELSEWHERE]), code: 620102001001002 },
  { type: 1, geometry: [(2 << 3) | 1, zigzag(7), zigzag(-3), zigzag(10), zigzag(10)], code: 5 },
]);

describe("tiles", () => {
  const decoded = decodeTile(bytes, "cells");

  test("15-digit codes come through whole", () => {
    expect(decoded.extent).toBe(4096);
    expect(decoded.features.map((feature) => numberOf(feature, "code"))).toEqual([620102001001001, 620102001001002, 5]);
  });

  test("rings and boxes are flat", () => {
    const [square] = decoded.features;
    expect(square && [...square.ends]).toEqual([8, 16]);
    expect(square && [square.minX, square.minY, square.maxX, square.maxY]).toEqual([100, 100, 900, 900]);
    expect(square && [...square.xy.subarray(8, 12)]).toEqual([400, 400, 400, 600]);
  });

  test("a multi-point keeps all its points", () => {
    expect([...(decoded.features[2]?.xy ?? [])]).toEqual([7, -3, 17, 7]);
  });

  test("no bytes, or no such layer, is an empty tile", () => {
    expect(decodeTile(new Uint8Array(), "cells").features).toEqual([]);
    expect(decodeTile(bytes, "areas").features).toEqual([]);
  });

  test("the pointer finds the polygon, not its hole, not its box", () => {
    const code = (x: number, y: number): number | null => {
      const found = polygonAt(decoded, x, y);
      return found ? numberOf(found, "code") : null;
    };
    expect(code(200, 200)).toBe(620102001001001);
    expect(code(500, 500)).toBeNull();
    expect(code(2100, 2100)).toBe(620102001001002);
    expect(code(2900, 2900)).toBeNull();
    expect(code(50, 50)).toBeNull();
  });

  test("a shared edge belongs to one side only", () => {
    const halves = decodeTile(
      tile("cells", [
        {
          type: 3,
          geometry: polygon([
            [
              [0, 0],
              [100, 0],
              [100, 100],
              [0, 100],
            ],
          ]),
          code: 1,
        },
        {
          type: 3,
          geometry: polygon([
            [
              [100, 0],
              [200, 0],
              [200, 100],
              [100, 100],
            ],
          ]),
          code: 2,
        },
      ]),
      "cells",
    );
    for (let y = 1; y < 100; y += 7) {
      expect(halves.features.filter((feature) => containsPoint(feature, 100, y))).toHaveLength(1);
    }
  });
});

describe("symbols under the pointer", () => {
  const symbols = [
    { x: 10, y: 10, radius: 5 },
    { x: 18, y: 10, radius: 5 },
  ];

  test("the nearer wins, none beyond the slack", () => {
    expect(nearestSymbol(symbols, 12, 10, 2)).toBe(symbols[0]);
    expect(nearestSymbol(symbols, 17, 10, 2)).toBe(symbols[1]);
    expect(nearestSymbol(symbols, 40, 10, 2)).toBeNull();
  });
});
