import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Problem } from "../src/api/problem";
import { lang } from "../src/i18n";
import { en } from "../src/i18n/en";
import { zh } from "../src/i18n/zh";
import { fault, refusal } from "../src/ui/refusal";

interface Document {
  components: { schemas: { ProblemBody: { properties: { type: { enum: string[] } } } } };
}

const document = JSON.parse(readFileSync(new URL("../openapi.json", import.meta.url), "utf8")) as Document;
const kinds = document.components.schemas.ProblemBody.properties.type.enum.map((type) =>
  type.replace("/problems/", ""),
);
const refused = (kind: string, status = 409, detail = "detail of the server"): Problem =>
  new Problem(status, "Title", detail, [], null, kind);

describe("refusals in the language of the page", () => {
  test("every kind in the API document has a text in both, and no text is of no kind", () => {
    expect(kinds.length).toBeGreaterThan(40);
    const texts = Object.keys(zh).filter((key) => key.startsWith("problem_") && key !== "problem_refused");
    expect(texts.sort()).toEqual(kinds.map((kind) => `problem_${kind}`).sort());
    expect(texts.filter((key) => !(key in en))).toEqual([]);
  });

  test("the kind says it, what the server says stands beside it", () => {
    lang.value = "zh";
    expect(refusal(refused("stale-version"))).toEqual({
      text: "情况已有变化，请看过最新的再办",
      detail: "detail of the server",
    });
    lang.value = "en";
    expect(refusal(refused("stale-version")).text).toBe("It has moved on; look at it again");
  });

  test("a kind of a newer server, an answer of a proxy, no answer", () => {
    lang.value = "zh";
    expect(refusal(refused("brand-new"))).toEqual({ text: "服务器没有接受（409）", detail: "detail of the server" });
    expect(refusal(refused("", 502, ""))).toEqual({ text: "服务器出错（502）", detail: "Title" });
    expect(refusal(new Problem(0, "offline", "Failed to fetch", [], null))).toEqual({
      text: "连不上服务器。网络恢复后会自动重试",
      detail: "",
    });
  });

  test.each([
    ["Field required", "必填"],
    ["is missing: send lon and lat, or address", "必填"],
    ["String should have at least 1 character", "太短了"],
    ["is not taken: a password has 10 characters at least", "太短了"],
    ["String should have at most 200 characters", "太长了"],
    ["is not that of this account", "不对"],
    ["is longer than 64 KiB", "太长了"],
    ["Input should be greater than or equal to 0", "超出允许的范围"],
    ["Input should be a valid integer, unable to parse string as an integer", "须填数字"],
    ["lies more than a week back", "时间不对"],
    ["Input should be 'mediated' or 'to_court'", "不在可选的范围内"],
    ["contains digits that look like a phone number", "这一项不能这样填"],
  ])("a field: %s", (message, text) => {
    lang.value = "zh";
    expect(fault(message)).toEqual({ text, detail: message });
  });
});
