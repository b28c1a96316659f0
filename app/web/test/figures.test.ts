/** What is shown of the figures of one look, and how long lists are told. */
import { signal } from "@preact/signals";
import { describe, expect, test, vi } from "vitest";
import { lang } from "../src/i18n";
import { partOf, resource } from "../src/state/resource";
import { howMany } from "../src/ui/howmany";

vi.stubGlobal("window", globalThis);

const settled = (): Promise<void> =>
  new Promise((done) => {
    setTimeout(done, 0);
  });

describe("a part of an answer", () => {
  test("is as old as the whole, and gone where it is not of what is asked for now", async () => {
    const wanted = signal("cell");
    const asked: string[] = [];
    const whole = resource(() => {
      const level = wanted.value;
      return {
        id: `look|${level}`,
        ask: () => {
          asked.push(level);
          return Promise.resolve({ level, n: asked.length });
        },
      };
    });
    const part = partOf(whole, (found) => (found.level === wanted.value ? found.n : null));
    expect(part.value.value).toMatchObject({ data: null, loading: true });
    await settled();
    expect(part.value.value).toMatchObject({ data: 1, loading: false, at: whole.value.value.at });
    wanted.value = "district";
    // The whole keeps its last answer while the next is on its way; the part must not show it as its own.
    expect(whole.value.value.data).toEqual({ level: "cell", n: 1 });
    expect(part.value.value.data).toBeNull();
    await settled();
    expect(part.value.value.data).toBe(2);
    part.retry();
    await settled();
    expect(asked).toEqual(["cell", "district", "district"]);
    expect(part.value.value.data).toBe(3);
  });

  test("is missing while the whole failed, and says why", async () => {
    const whole = resource<{ n: number }>(() => ({ id: "look|", ask: () => Promise.reject(new Error("away")) }));
    const part = partOf(whole, (found) => found.n);
    await settled();
    expect(part.value.value.data).toBeNull();
    expect(part.value.value.error).toBe(whole.value.value.error);
    expect(part.value.value.error).not.toBeNull();
  });
});

describe("how long a list is", () => {
  test.each([
    ["en", { total: 10000, total_is_exact: false }, "over 10,000"],
    ["zh", { total: 10000, total_is_exact: false }, "超过 10,000"],
    ["zh", { total: 10000, total_is_exact: true }, "10,000"],
    ["en", { total: 3 }, "3"],
  ] as const)("%s %o is told as %s", (language, page, told) => {
    lang.value = language;
    expect(howMany(page)).toBe(told);
  });
});
