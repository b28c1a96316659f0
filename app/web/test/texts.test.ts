import { describe, expect, test } from "vitest";
import { fill, lang, t, word } from "../src/i18n";
import { en } from "../src/i18n/en";
import { zh } from "../src/i18n/zh";
import { ago, change, figure, fromLocalInput, moment, number, span, toLocalInput } from "../src/ui/format";

const places = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "").sort();

describe("two languages", () => {
  test("the same keys, the same places to fill, nothing empty", () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort());
    for (const key of Object.keys(zh) as (keyof typeof zh)[]) {
      expect(places(en[key]), key).toEqual(places(zh[key]));
      expect(en[key].trim(), key).not.toBe("");
      expect(zh[key].trim(), key).not.toBe("");
    }
  });

  test("no Chinese in the English texts but the name of the language", () => {
    const mixed = Object.entries(en).filter(([key, text]) => key !== "otherLanguage" && /\p{Script=Han}/u.test(text));
    expect(mixed).toEqual([]);
  });

  test("a place without a value stays visible", () => {
    expect(fill("{a} of {b}", { a: 1 })).toBe("1 of {b}");
  });

  test("an unknown code word shows as it is", () => {
    lang.value = "zh";
    expect(word("status", "handling")).toBe("处置中");
    expect(word("status", "brand_new")).toBe("brand new");
    lang.value = "en";
    expect(t("listInView", { n: "1,024" })).toBe("1,024 on the map");
  });
});

describe("numbers and times", () => {
  const now = Date.UTC(2026, 10, 23, 4, 40);

  test("thousands are separated; small densities keep three figures", () => {
    expect(number(8703)).toBe("8,703");
    expect(figure(1234)).toBe("1,234");
    expect(figure(0.0374)).toBe("0.0374");
    expect(figure(123.4)).toBe("123");
  });

  test("times are local to the city", () => {
    expect(moment("2026-11-23T04:36:00Z", now)).toBe("12:36");
    expect(moment("2026-11-22T10:00:00Z", now)).toBe("11-22 18:00");
    expect(moment("2025-12-01T00:00:00Z", now)).toBe("2025-12-01 08:00");
    expect(moment("2026-11-22T16:00:00Z", now)).toBe("00:00");
  });

  test("ages take the largest unit that fits", () => {
    lang.value = "en";
    expect(ago(now - 3000, now)).toBe("just now");
    expect(ago(now - 42_000, now)).toBe("42 s ago");
    expect(ago(now - 5 * 60_000, now)).toBe("5 min ago");
    expect(ago(now - 30 * 3_600_000, now)).toBe("30 h ago");
    expect(ago(now - 72 * 3_600_000, now)).toBe("3 d ago");
    expect(span(900)).toBe("15 min");
    expect(span(7206)).toBe("2 h");
  });

  test("no percentage under twenty", () => {
    expect(change(19, 40)).toBeNull();
    expect(change(40, 19)).toBeNull();
    expect(change(30, 20)).toBe(50);
    expect(change(114_769, 113)).toBeNull();
  });

  test("local inputs go there and back", () => {
    expect(toLocalInput(now)).toBe("2026-11-23T12:40");
    expect(fromLocalInput("2026-11-23T12:40")).toBe(now);
    expect(fromLocalInput("yesterday")).toBeNull();
  });
});
