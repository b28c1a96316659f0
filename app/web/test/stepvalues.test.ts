import { describe, expect, test } from "vitest";
import type { NextStep, StepField } from "../src/api/cases";
import { checkStep, isOneClick, stepValues } from "../src/state/stepvalues";

const field = (name: string, kind: StepField["kind"], required = true, choices: string[] = []): StepField => ({
  name,
  kind,
  required,
  choices,
});
const step = (fields: StepField[], ordinary = false): NextStep => ({ step: "x", fields, ordinary });

describe("the form of a step", () => {
  test("names what is missing, and only that", () => {
    const asked = step([field("reason", "text"), field("unit_id", "unit"), field("until", "instant", false)]);
    expect(checkStep(asked, { reason: "  " })).toEqual({ reason: "stepNeeded", unit_id: "stepNeeded" });
    expect(checkStep(asked, { reason: "雨天", unit_id: "12" })).toEqual({});
  });

  test("refuses what is none of the words, no number, no date, too long", () => {
    const asked = step([
      field("outcome", "choice", true, ["pass"]),
      field("unit_id", "unit"),
      field("until", "instant"),
      field("reason", "text"),
    ]);
    expect(checkStep(asked, { outcome: "fail", unit_id: "1x", until: "2026-11-23", reason: "x".repeat(1001) })).toEqual(
      {
        outcome: "stepNeeded",
        unit_id: "stepNeeded",
        until: "stepBadDate",
        reason: "tooLong",
      },
    );
  });

  test("a check that fails says why", () => {
    const check: NextStep = {
      step: "check",
      fields: [field("outcome", "choice", true, ["pass", "not_pass"]), field("reason", "text", false)],
      ordinary: true,
    };
    expect(checkStep(check, { outcome: "not_pass" })).toEqual({ reason: "stepNeeded" });
    expect(checkStep(check, { outcome: "not_pass", reason: "仍有垃圾" })).toEqual({});
    expect(checkStep(check, { outcome: "pass" })).toEqual({});
  });

  test("sends units as numbers, times in UTC, and nothing that was left empty", () => {
    const asked = step([
      field("unit_id", "unit"),
      field("until", "instant"),
      field("reason", "text", false),
      field("other_id", "incident"),
    ]);
    expect(stepValues(asked, { unit_id: "12", until: "2026-11-24T08:00", reason: " ", other_id: "abc" })).toEqual({
      unit_id: 12,
      until: "2026-11-24T00:00:00.000Z",
      other_id: "abc",
    });
  });

  test("one press is enough for what is waited for and must say nothing", () => {
    expect(isOneClick(step([field("reason", "text", false)], true))).toBe(true);
    expect(isOneClick(step([field("reason", "text", true)], true))).toBe(false);
    expect(isOneClick(step([], false))).toBe(false);
  });
});
