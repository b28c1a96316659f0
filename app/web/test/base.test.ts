import { describe, expect, it } from "vitest";
import { at, rootOf } from "../src/api/base";

describe("where the server is reached", () => {
  it("is the path of the page", () => {
    expect(rootOf("https://map.example.cn/")).toBe("");
    expect(rootOf("https://map.example.cn/?face=plan#x")).toBe("");
    expect(rootOf("https://city.example.cn/minqing/?face=plan")).toBe("/minqing");
    expect(rootOf("https://city.example.cn/a/b/index.html")).toBe("/a/b");
  });

  it("stands in front of every path of the server", () => {
    expect(at("/api/v1/city", "/minqing")).toBe("/minqing/api/v1/city");
    expect(at("/tiles/cells/{z}/{x}/{y}.mvt", "")).toBe("/tiles/cells/{z}/{x}/{y}.mvt");
  });
});
