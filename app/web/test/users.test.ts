import { describe, expect, test } from "vitest";
import { canTake } from "../src/faces/users/sheetrules";

describe("a sheet of posts", () => {
  test.each([
    [{ new: 2, same: 1 }, false, true],
    [{ grant: 1 }, false, true],
    [{ end: 1 }, false, true],
    [{ same: 3 }, false, false],
    [{ new: 2, wrong: 1 }, false, false],
    [{ new: 2 }, true, false],
  ])("is taken where something changes and nothing is wrong", (counts, done, expected) => {
    expect(canTake({ done, counts })).toBe(expected);
  });
});
