import { describe, expect, test } from "vitest";
import { queryString } from "../src/api/client";
import { problemFrom } from "../src/api/problem";
import { ancestorAt, cellNumber, childLevel, isAreaCode, levelOf, within } from "../src/state/codes";
import { checkDraft, newDraft, newUuid, toBody } from "../src/state/draft";
import { levelForZoom, levelToPick, shownLevel } from "../src/state/levels";

const CELL = 620102001001003;

describe("area codes", () => {
  test("the level is in the trailing zeros", () => {
    expect([620100000000000, 620102000000000, 620102001000000, 620102001001000, CELL].map(levelOf)).toEqual([
      "city",
      "district",
      "subdistrict",
      "community",
      "cell",
    ]);
  });

  test("an area contains its own and nobody else's", () => {
    expect(within(CELL, 0)).toBe(true);
    expect(within(CELL, 620100000000000)).toBe(true);
    expect(within(CELL, 620102001000000)).toBe(true);
    expect(within(CELL, 620102002000000)).toBe(false);
    expect(within(620103000000000, 620102000000000)).toBe(false);
    expect(within(CELL, CELL)).toBe(true);
    expect(within(CELL + 1, CELL)).toBe(false);
  });

  test("ancestors and numbers", () => {
    expect(ancestorAt(CELL, "district")).toBe(620102000000000);
    expect(ancestorAt(CELL, "community")).toBe(620102001001000);
    expect(ancestorAt(CELL, "cell")).toBe(CELL);
    expect(cellNumber(CELL)).toBe("003");
    expect(childLevel("community")).toBe("cell");
    expect(childLevel("cell")).toBeNull();
    expect(isAreaCode(CELL)).toBe(true);
    expect(isAreaCode(62)).toBe(false);
  });

  test("levels come nearer with the zoom, unless held", () => {
    expect([8, 9, 11, 13].map(levelForZoom)).toEqual(["district", "subdistrict", "community", "cell"]);
    expect([9, 10, 12, 14].map(levelToPick)).toEqual(["district", "subdistrict", "community", "cell"]);
    expect(shownLevel("cell", 8)).toBe("cell");
    expect(shownLevel("auto", 8)).toBe("district");
  });
});

describe("a report", () => {
  test("names itself once, with a proper UUID", () => {
    expect(newUuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const draft = newDraft();
    expect(toBody({ ...draft, title: " a " }).id).toBe(draft.id);
    expect(toBody({ ...draft, title: " a " }).title).toBe("a");
  });

  test("says what is missing, by field", () => {
    const fields = checkDraft(newDraft()).map(({ field }) => field);
    expect(fields).toEqual(["lon", "category", "title"]);
    const full = { ...newDraft(), lon: 103.8, lat: 36, category: "0110", title: "x" };
    expect(checkDraft(full)).toEqual([]);
    expect(checkDraft({ ...full, title: "x".repeat(201) }).map(({ field }) => field)).toEqual(["title"]);
  });
});

describe("questions and refusals", () => {
  test("equal questions have one address", () => {
    expect(queryString({ b: 1, a: "x y", c: undefined, d: null, e: "" })).toBe("?a=x%20y&b=1");
    expect(queryString({})).toBe("");
  });

  test("a problem keeps its fields; anything else is still a problem", async () => {
    const body = { title: "Invalid input", detail: "d", errors: [{ field: "title", message: "too long" }] };
    const named = await problemFrom(
      new Response(JSON.stringify(body), { status: 422, headers: { "x-request-id": "r1" } }),
    );
    expect(named.fields).toEqual([{ field: "title", message: "too long" }]);
    expect(named.requestId).toBe("r1");
    const bare = await problemFrom(new Response("<html>", { status: 502, statusText: "Bad Gateway" }));
    expect([bare.status, bare.title, bare.offline]).toEqual([502, "Bad Gateway", false]);
  });
});
