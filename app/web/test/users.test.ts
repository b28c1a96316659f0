import { afterEach, describe, expect, test, vi } from "vitest";
import { choose, file, mayTake, report, what } from "../src/faces/users/sheetfile";
import type { SheetReport } from "../src/faces/users/types";
import { atFirstSignIn, session, type SessionInfo } from "../src/state/session";

// Before the imports, one of which reads the address of the page.
vi.hoisted(() => { vi.stubGlobal("window", Object.assign(globalThis, { location: { search: "", pathname: "/" } })); });

const POSTS = new File(["account\ndesk_1"], "posts.csv");

function told(counts: SheetReport["counts"], done = false): SheetReport {
  return { what: "add", done, counts, accounts: 0, waiting: 0, proposal: null, ignored: [], rows: [], passwords: [], codes: [] };
}

afterEach(() => {
  choose(null, "add");
  session.value = null;
});

describe("a sheet of posts", () => {
  test.each([
    [told({ new: 2, same: 1 }), true],
    [told({ grant: 1 }), true],
    [told({ end: 1 }), true],
    [told({ same: 3 }), false],
    [told({ new: 2, wrong: 1 }), false],
    [told({ new: 2 }, true), false],
  ])("is taken where something changes and nothing is wrong", (found, expected) => {
    choose(POSTS);
    report.value = found;
    expect(mayTake.value).toBe(expected);
  });

  test("another file, or another use of it, is looked at anew", () => {
    choose(POSTS);
    report.value = told({ new: 1 });
    choose(POSTS, "end");
    expect([report.value, what.value, file.value, mayTake.value]).toEqual([null, "end", POSTS, false]);
  });
});

describe("the first sign-in", () => {
  const info = (part: Partial<SessionInfo>): SessionInfo => ({ first_password: false, awaits_code: false, ...part }) as SessionInfo;

  test.each([
    [null, false],
    [info({}), false],
    [info({ first_password: true }), true],
    [info({ awaits_code: true }), true],
  ])("stands before the page while something is due", (given, expected) => {
    session.value = given;
    expect(atFirstSignIn()).toBe(expected);
  });
});
