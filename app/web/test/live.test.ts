import { describe, expect, test } from "vitest";
import { retryDelayMs, SseParser, type SseItem } from "../src/api/sse";
import { liveReducer, LIVE_START, pulse, type LiveState } from "../src/state/live";

const NOW = Date.UTC(2026, 10, 23, 4, 0);

function event(name: string, data: unknown, id = "e:1"): SseItem {
  return { kind: "event", id, event: name, data: JSON.stringify(data) };
}

function after(items: readonly SseItem[], from: LiveState = LIVE_START): LiveState {
  return items.reduce<LiveState>((state, item) => liveReducer(state, { kind: "item", item, now: NOW }), from);
}

describe("the wire format", () => {
  test("survives any cut of the bytes", () => {
    const text =
      'retry: 1000\nid: e:7\nevent: hello\ndata: {"a":\ndata: 1}\n\n: hb 2026-11-23T04:00:00Z\n\ndata: x\r\n\r\n';
    const whole = new SseParser().push(text);
    const parser = new SseParser();
    const pieces = Array.from(text).flatMap((letter) => parser.push(letter));
    expect(pieces).toEqual(whole);
    expect(whole).toEqual([
      { kind: "event", id: "e:7", event: "hello", data: '{"a":\n1}' },
      { kind: "comment", text: "hb 2026-11-23T04:00:00Z" },
      { kind: "event", id: "e:7", event: "message", data: "x" },
    ]);
  });

  test("an unfinished event is not told", () => {
    expect(new SseParser().push("event: a\ndata: 1\n")).toEqual([]);
  });

  test("retries grow, and stop growing", () => {
    expect(retryDelayMs(0, 0.5)).toBe(500);
    expect(retryDelayMs(3, 0.5)).toBe(4000);
    expect(retryDelayMs(30, 0.5)).toBe(15_000);
  });
});

describe("what the stream tells", () => {
  test("a new case is fresh once", () => {
    const reported = event("incident.reported", { no: 5, at: new Date(NOW - 300).toISOString() });
    const state = after([reported, reported]);
    expect(state.fresh.map((item) => item.no)).toEqual([5]);
    expect(state.changes).toBe(1);
    expect(state.delayMs).toBe(300);
  });

  test("the newest comes first; looking at them empties the counter", () => {
    const state = after([event("incident.reported", { no: 1 }), event("incident.reported", { no: 2 })]);
    expect(state.fresh.map((item) => item.no)).toEqual([2, 1]);
    expect(liveReducer(state, { kind: "seen" }).fresh).toEqual([]);
  });

  test("a change reaches a fresh case and counts", () => {
    const state = after([
      event("incident.reported", { no: 1, status: "reported" }),
      event("incident.changed", { no: 1, status: "assigned" }),
    ]);
    expect(state.fresh[0]?.status).toBe("assigned");
    expect(state.changes).toBe(2);
  });

  test("reset, or another epoch, asks for everything again", () => {
    expect(after([event("reset", { reason: "too old" })]).resets).toBe(1);
    const first = after([event("hello", { epoch: "a", seq: 1, server_time: new Date(NOW).toISOString() })]);
    expect(first.resets).toBe(0);
    expect(
      after([event("hello", { epoch: "b", seq: 0, server_time: new Date(NOW).toISOString() })], first).resets,
    ).toBe(1);
  });

  test("the server's clock is known from hello and from heartbeats", () => {
    const ahead = new Date(NOW + 90_000).toISOString();
    expect(after([event("hello", { epoch: "a", seq: 0, server_time: ahead })]).clockOffsetMs).toBe(90_000);
    expect(after([{ kind: "comment", text: `hb ${ahead}` }]).clockOffsetMs).toBe(90_000);
  });

  test("rubbish changes nothing but the time of hearing", () => {
    const state = after([
      { kind: "event", id: null, event: "incident.reported", data: "{" },
      event("incident.reported", 7),
    ]);
    expect(state.fresh).toEqual([]);
    expect(state.heardAt).toBe(NOW);
  });
});

describe("the live dot", () => {
  const heard = liveReducer(LIVE_START, { kind: "open", now: NOW });

  test.each([
    [0, "live"],
    [15_000, "live"],
    [16_900, "live"],
    [17_100, "late"],
    [60_000, "late"],
  ] as const)("after %d ms of silence it is %s", (silence, kind) => {
    expect(pulse(heard, NOW + silence).kind).toBe(kind);
  });

  test("grey with the last picture when cut", () => {
    expect(pulse(liveReducer(heard, { kind: "cut" }), NOW + 1000)).toEqual({ kind: "cut", heardAt: NOW });
    expect(pulse(LIVE_START, NOW).kind).toBe("connecting");
  });
});
