import { describe, expect, test } from "vitest";
import { changeText, deviationText, MEASURE_LINES, measureText, verdict } from "../src/faces/plan/panels/figures";
import { boxOf, ringsOf } from "../src/faces/plan/panels/rings";
import { tree } from "../src/faces/plan/panels/tree";
import type { PlanRow } from "../src/faces/plan/types";

function row(id: number, parent_id: number | null, changed_at: string): PlanRow {
  return {
    id,
    parent_id,
    changed_at,
    title: `plan ${id}`,
    note: "",
    area_code: 620111000000000,
    area_name: "",
    base_at: changed_at,
    state: "draft",
    revision: 1,
    author: "planner",
    editors: [],
    publish_on: null,
    created_at: changed_at,
    published_at: null,
    boundary_version: null,
    moved_units: 0,
  };
}

describe("the tree of plans", () => {
  test("children stand under their parents, the last changed first", () => {
    const rows = [
      row(1, null, "2026-01-01T00:00:00Z"),
      row(2, 1, "2026-01-02T00:00:00Z"),
      row(3, 1, "2026-01-03T00:00:00Z"),
      row(4, 2, "2026-01-04T00:00:00Z"),
      row(5, null, "2026-01-05T00:00:00Z"),
    ];
    expect(tree(rows).map(({ plan, depth }) => [plan.id, depth])).toEqual([
      [5, 0],
      [1, 0],
      [3, 1],
      [2, 1],
      [4, 2],
    ]);
  });

  test("a plan whose parent is not in the list is not lost", () => {
    expect(tree([row(7, 99, "2026-01-01T00:00:00Z")]).map(({ plan }) => plan.id)).toEqual([7]);
  });
});

describe("measures in words", () => {
  const line = (key: string): (typeof MEASURE_LINES)[number] => {
    const found = MEASURE_LINES.find((one) => one.key === key);
    if (!found) throw new Error(key);
    return found;
  };

  test("shares change by points, counts by ones", () => {
    expect(measureText("share", 0.2073)).toBe("20.7 %");
    expect(changeText("share", 0.2073, 0.9954)).toBe("+78.8");
    expect(changeText("count", 4, 0)).toBe("−4");
    expect(changeText("ratio", 3.1859, 1.0641)).toBe("−2.12");
  });

  test("what does not change as it is shown is no change, and gets no verdict", () => {
    expect(changeText("share", 0.5, 0.50004)).toBe("");
    expect(verdict(line("within_15"), 0.5, 0.50004)).toBe(0);
  });

  test("better is up for some and down for others; moved households are neither", () => {
    expect(verdict(line("within_15"), 0.2, 0.9)).toBe(1);
    expect(verdict(line("variation"), 0.2, 0.9)).toBe(-1);
    expect(verdict(line("largest_over_mean"), 3, 1.1)).toBe(1);
    expect(verdict(line("moved"), 0, 0.2)).toBe(0);
  });

  test("a deviation has its sign", () => {
    expect(deviationText(2.186)).toBe("+219 %");
    expect(deviationText(-0.08)).toBe("−8 %");
    expect(deviationText(0.001)).toBe("0 %");
  });
});

describe("shapes of a report", () => {
  const square = [
    [103, 36],
    [103.1, 36],
    [103.1, 36.1],
    [103, 36],
  ];

  test("rings of every kind of shape", () => {
    expect(ringsOf({ type: "Polygon", coordinates: [square] })).toHaveLength(1);
    expect(ringsOf({ type: "MultiPolygon", coordinates: [[square], [square, square]] })).toHaveLength(3);
    expect(ringsOf({ type: "LineString", coordinates: square })).toEqual([square]);
    expect(ringsOf({ type: "Point", coordinates: [103, 36] })).toEqual([]);
  });

  test("the box around them; none around nothing", () => {
    expect(boxOf(ringsOf({ type: "Polygon", coordinates: [square] }))).toEqual([103, 36, 103.1, 36.1]);
    expect(boxOf([])).toBeNull();
  });
});
