import { describe, expect, test } from "vitest";
import { decodeState, DEFAULT_STATE, encodeState, LAYERS, type PageState } from "../src/state/url";

const NOW = Date.UTC(2026, 10, 23, 4, 0);

describe("the page's state in the address", () => {
  test("nothing to say gives an empty query", () => {
    expect(encodeState(DEFAULT_STATE)).toBe("");
    expect(decodeState("", NOW)).toEqual(DEFAULT_STATE);
  });

  test("everything survives the way out and back", () => {
    const state: PageState = {
      place: { zoom: 13, lat: 36.06123, lon: 103.83456 },
      area: 620102001000000,
      layers: ["heat", "stations"],
      measure: "density",
      level: "community",
      window: { since: NOW - 7_200_000, until: NOW - 3_600_000 },
      categories: ["01", "1001"],
      status: "open",
      bandwidth_m: 1000,
      selection: { kind: "station", id: 42, lon: 103.83456, lat: 36.06123 },
      lang: "en",
      theme: "light",
      mode: "wall",
      face: "cases",
      params: { due: "overdue", text: "a&b=c 垃圾" },
    };
    expect(decodeState(encodeState(state), NOW)).toEqual(state);
  });

  test.each([
    { kind: "incident", no: 1024 },
    { kind: "area", code: 620102001001003 },
  ] as const)("a selection of $kind survives", (selection) => {
    const state: PageState = { ...DEFAULT_STATE, selection };
    expect(decodeState(encodeState(state), NOW).selection).toEqual(selection);
  });

  test("no layer at all is not the same as the default layers", () => {
    const state: PageState = { ...DEFAULT_STATE, layers: [] };
    expect(decodeState(encodeState(state), NOW).layers).toEqual([]);
  });

  test("every layer has a letter of its own", () => {
    for (const name of LAYERS) {
      const state: PageState = { ...DEFAULT_STATE, layers: [name] };
      expect(decodeState(encodeState(state), NOW).layers).toEqual([name]);
    }
  });

  test.each([
    "?map=99/1/1",
    "?map=12/95/1",
    "?map=x",
    "?area=12",
    "?area=abc",
    "?measure=secret",
    "?level=planet",
    "?time=2w",
    "?time=5-4",
    "?category=abc",
    "?status=maybe",
    "?bandwidth=1",
    "?bandwidth=NaN",
    "?sel=x1",
    "?sel=a12",
    "?sel=s1@a,b",
    "?lang=fr",
    "?theme=pink",
    "?mode=desk",
    "?%E0%A4%A",
    "?face=admin",
    "?f.=1",
    "?f.a.b=1",
    "?f.due=",
    `?f.due=${"x".repeat(201)}`,
  ])("a broken part falls back: %s", (search) => {
    expect(decodeState(search, NOW)).toEqual(DEFAULT_STATE);
  });
});
