import { describe, expect, test } from "vitest";
import { CollisionGrid, centredBox, overlaps } from "../src/map/collision";
import { gather, clusterRadius, CLUSTER_PX, stacks } from "../src/map/cluster";
import { placeLabels, rankShown, type Label } from "../src/map/labels";

const measure = (label: Label): number => label.text.length * 12;

describe("names", () => {
  test("never overlap, and far levels come first", () => {
    const labels: Label[] = [];
    for (let i = 0; i < 400; i++) {
      labels.push({ text: `社区${i}`, rank: "community", x: (i * 37) % 900, y: (i * 53) % 700 });
    }
    labels.push({ text: "城关区", rank: "district", x: 450, y: 350 });
    const placed = placeLabels(labels, new CollisionGrid(), 1, measure);
    expect(placed[0]?.text).toBe("城关区");
    expect(placed.length).toBeGreaterThan(20);
    const boxes = placed.map((label) => centredBox(label.x, label.y, label.width, 14));
    boxes.forEach((box, i) => {
      for (const other of boxes.slice(i + 1)) expect(overlaps(box, other)).toBe(false);
    });
  });

  test("step aside for what is already there", () => {
    const grid = new CollisionGrid();
    grid.block(centredBox(100, 100, 30, 10));
    const [label] = placeLabels([{ text: "街道", rank: "subdistrict", x: 100, y: 100 }], grid, 1, measure);
    expect(label?.y).not.toBe(100);
  });

  test("each rank has its zooms", () => {
    expect(rankShown("district", 9)).toBe(true);
    expect(rankShown("subdistrict", 10)).toBe(false);
    expect(rankShown("subdistrict", 11)).toBe(true);
    expect(rankShown("community", 12)).toBe(false);
    expect(rankShown("community", 13)).toBe(true);
    expect(rankShown("cell", 14)).toBe(false);
    expect(rankShown("cell", 15)).toBe(true);
  });
});

describe("circles", () => {
  const points = Array.from({ length: 300 }, (_, i) => ({
    x: (i * 97) % 1200,
    y: (i * 61) % 800,
    n: 1 + (i % 9),
    open: i % 2,
  }));

  test("lose no case", () => {
    const clusters = gather(points, CLUSTER_PX);
    const sum = (items: readonly { n: number }[]): number => items.reduce((total, { n }) => total + n, 0);
    expect(sum(clusters)).toBe(sum(points));
  });

  test("do not hide one another", () => {
    const clusters = gather(points, CLUSTER_PX);
    clusters.forEach((one, i) => {
      for (const other of clusters.slice(i + 1)) {
        const apart = Math.hypot(one.x - other.x, one.y - other.y);
        expect(apart).toBeGreaterThan((clusterRadius(one.n) + clusterRadius(other.n)) * 0.5);
      }
    });
  });

  test("stay where they are while the map pans", () => {
    const once = gather(points, CLUSTER_PX);
    expect(gather([...points].reverse(), CLUSTER_PX).length).toBe(once.length);
  });
});

describe("cases at one door", () => {
  test("are counted where they lie on one another, and only there", () => {
    const door = Array.from({ length: 41 }, () => ({ x: 100, y: 100, radius: 4 }));
    const found = stacks([...door, { x: 300, y: 100, radius: 4 }, { x: 320, y: 100, radius: 4 }]);
    expect(found.map(({ n }) => n)).toEqual([41]);
  });
});
