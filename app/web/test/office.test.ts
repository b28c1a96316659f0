import { describe, expect, test } from "vitest";
import { byDay, timeText } from "../src/faces/disputes/openings";
import type { Opening } from "../src/faces/disputes/types";
import { auditQuery } from "../src/faces/audit/filter";
import { groupsOf, matching } from "../src/faces/standard/lines";
import type { Line } from "../src/faces/standard/types";
import { byTimer, isRunning, timerText, visitTimer } from "../src/faces/warnings/timer";
import { lang } from "../src/i18n";
import { limitText } from "../src/ui/clocktext";
import type { Warning } from "../src/faces/warnings/types";

const AT = Date.UTC(2026, 10, 23, 4, 0);
const iso = (minutes: number): string => new Date(AT + minutes * 60_000).toISOString();
const MIN = 60_000;

type Timed = Pick<Warning, "dispatched_at" | "visit_due_at" | "visited_at" | "state">;

function warning(part: Partial<Timed> = {}): Timed {
  return { dispatched_at: iso(0), visit_due_at: iso(30), visited_at: null, state: "dispatched", ...part };
}

describe("the timer of a visit", () => {
  test("runs down in three ways", () => {
    expect(visitTimer(warning(), AT + 5 * MIN)).toEqual({ kind: "ok", left_s: 1500 });
    expect(visitTimer(warning(), AT + 20 * MIN)).toEqual({ kind: "due_soon", left_s: 600 });
    expect(visitTimer(warning(), AT + 30 * MIN)).toEqual({ kind: "due_soon", left_s: 0 });
    expect(visitTimer(warning(), AT + 30 * MIN + 1)).toEqual({ kind: "overdue", left_s: -1 });
  });

  test("stops with the visit, whatever comes after it", () => {
    expect(visitTimer(warning({ state: "concluded", visited_at: iso(12) }), AT + 500 * MIN)).toEqual({
      kind: "kept",
      left_s: 1080,
    });
    expect(visitTimer(warning({ state: "arrived", visited_at: iso(33) }), AT + 60 * MIN)).toEqual({
      kind: "missed",
      left_s: -180,
    });
  });

  test.each([
    [1747, "29:07"],
    [0, "00:00"],
    [-131, "+02:11"],
    [3870, "1:04:30"],
    [-7200, "+2:00:00"],
  ])("%i s is %s", (left, text) => {
    expect(timerText(left)).toBe(text);
  });

  test("running timers lead, by what is due first; then visits without a result; then the newest", () => {
    const rows = [
      { no: 1, ...warning({ state: "concluded" }) },
      { no: 2, ...warning({ state: "concluded", dispatched_at: iso(9) }) },
      { no: 3, ...warning({ state: "arrived" }) },
      { no: 4, ...warning({ state: "departed", visit_due_at: iso(40) }) },
      { no: 5, ...warning({ visit_due_at: iso(20) }) },
    ];
    expect(byTimer(rows).map(({ no }) => no)).toEqual([5, 4, 3, 2, 1]);
    expect(rows.filter(isRunning).map(({ no }) => no)).toEqual([4, 5]);
  });
});

describe("the audit's filter", () => {
  const none = { kind: "", area: "", from: "", to: "" };

  test("days are local, the last one whole", () => {
    const query = auditQuery({ ...none, from: "2026-11-23", to: "2026-11-23" });
    expect(query.since).toBe("2026-11-22T16:00:00.000Z");
    expect(query.until).toBe("2026-11-23T16:00:00.000Z");
  });

  test("what is broken falls away", () => {
    expect(auditQuery({ kind: "gossip", area: "12", from: "soon", to: "never" })).toEqual({
      kind: undefined,
      area: undefined,
      since: undefined,
      until: undefined,
    });
    expect(auditQuery({ ...none, from: "2026-11-23", to: "2026-11-01" }).until).toBeUndefined();
  });

  test("a kind and an area are handed on", () => {
    expect(auditQuery({ ...none, kind: "reveal", area: "620111000000000" })).toMatchObject({
      kind: "reveal",
      area: 620111000000000,
    });
  });
});

describe("free times of a table", () => {
  const station = { id: 1, name: "指挥所", kind: "command_post", area_code: 620111001000000 } as const;
  const room = (id: number): Opening["room"] => ({ id, name: `调解室${id}`, seats: 8, station });
  const free = (minutes: number, id: number): Opening => ({
    starts_at: iso(minutes),
    ends_at: iso(minutes + 60),
    room: room(id),
  });
  // 12:00 local on the 23rd, then the next day
  const openings = [free(24 * 60, 1), free(60, 2), free(60, 1), free(120, 2)];

  test("stand by day, each time once, with the first room that is free", () => {
    const days = byDay(openings, null);
    expect(days.map(({ on }) => on)).toEqual(["2026-11-23", "2026-11-24"]);
    expect(days[0]?.openings.map((one) => [timeText(one), one.room.id])).toEqual([
      ["13:00–14:00", 2],
      ["14:00–15:00", 2],
    ]);
  });

  test("are those of a room where one is chosen", () => {
    expect(
      byDay(openings, 1)
        .flatMap((one) => one.openings)
        .map(({ room: { id } }) => id),
    ).toEqual([1, 1]);
  });
});

describe("lines of the filing standard", () => {
  const line = (code: string, sub_category: string, category = "市容环境"): Line => ({
    category,
    sub_category,
    code,
    condition: "公共区域",
    limit: "4",
    unit: "work_hour",
    responsible_unit: "环境卫生部门",
    closing_condition: "",
    note: "",
  });
  const lines = [line("0110", "暴露生活垃圾"), line("0192", "垃圾满溢"), line("0501", "供水管破裂", "突发事件")];

  test("every word is found somewhere in them", () => {
    expect(matching(lines, "", "垃圾 环境").map(({ code }) => code)).toEqual(["0110", "0192"]);
    expect(matching(lines, "05", "").map(({ code }) => code)).toEqual(["0501"]);
    expect(matching(lines, "05", "垃圾")).toEqual([]);
    expect(groupsOf(lines)).toEqual([
      { code: "01", name: "市容环境" },
      { code: "05", name: "突发事件" },
    ]);
  });

  test("limits are said with their conditions", () => {
    lang.value = "en";
    expect(limitText("2 urgent_work_day (a); 15 work_day (b)")).toBe(
      "2 urgent days (continuous) (a), 15 work days (b)",
    );
    expect(limitText("3 fortnight")).toBe("3 fortnight");
  });
});
