/** What the stream has told us, as a pure reducer: easy to test, and the same whatever the wire does. */
import type { Incident } from "../api/types";
import type { SseItem } from "../api/sse";

/** The server speaks at least this often. */
export const HEARTBEAT_MS = 15_000;
const GRACE_MS = 2_000;
const KEPT_FRESH = 500;

export interface LiveState {
  readonly connected: boolean;
  /** local time of the last byte from the server; 0 before the first */
  readonly heardAt: number;
  /** how late the last event was when it came in, ms; null when unknown */
  readonly delayMs: number | null;
  /** server clock minus local clock, ms */
  readonly clockOffsetMs: number;
  readonly epoch: string | null;
  /** newest first, without those the lists already show */
  readonly fresh: readonly Incident[];
  /** grows with every change that makes figures, tiles and lists stale */
  readonly changes: number;
  /** grows when everything must be fetched again */
  readonly resets: number;
  readonly simulated: boolean;
}

export const LIVE_START: LiveState = {
  connected: false,
  heardAt: 0,
  delayMs: null,
  clockOffsetMs: 0,
  epoch: null,
  fresh: [],
  changes: 0,
  resets: 0,
  simulated: false,
};

export type LiveAction =
  | { readonly kind: "open"; readonly now: number }
  | { readonly kind: "cut" }
  | { readonly kind: "seen" }
  | { readonly kind: "item"; readonly item: SseItem; readonly now: number };

export type IncidentEvent = Incident & { at?: string };

export function liveReducer(state: LiveState, action: LiveAction): LiveState {
  switch (action.kind) {
    case "open":
      return { ...state, connected: true, heardAt: action.now };
    case "cut":
      return state.connected ? { ...state, connected: false } : state;
    case "seen":
      return state.fresh.length > 0 ? { ...state, fresh: [] } : state;
    case "item":
      return onItem({ ...state, connected: true, heardAt: action.now }, action.item, action.now);
  }
}

function onItem(state: LiveState, item: SseItem, now: number): LiveState {
  if (item.kind === "comment") return onHeartbeat(state, item.text, now);
  const data = parse(item.data);
  if (data === null) return state;
  switch (item.event) {
    case "hello":
      return onHello(state, data, now);
    case "reset":
      return { ...state, resets: state.resets + 1, fresh: [] };
    case "incident.reported":
      return onReported(state, data, now);
    case "incident.changed":
      return onChanged(state, data, now);
    case "incident.left":
      return onLeft(state, data, now);
    default:
      return state;
  }
}

function onHeartbeat(state: LiveState, text: string, now: number): LiveState {
  const at = Date.parse(text.replace(/^hb\s*/, ""));
  return Number.isNaN(at) ? state : { ...state, clockOffsetMs: at - now };
}

function onHello(state: LiveState, data: Record<string, unknown>, now: number): LiveState {
  const epoch = typeof data["epoch"] === "string" ? data["epoch"] : null;
  const at = Date.parse(String(data["server_time"]));
  const clockOffsetMs = Number.isNaN(at) ? state.clockOffsetMs : at - now;
  const moved = state.epoch !== null && epoch !== null && epoch !== state.epoch;
  return { ...state, epoch, clockOffsetMs, resets: moved ? state.resets + 1 : state.resets };
}

function onReported(state: LiveState, data: Record<string, unknown>, now: number): LiveState {
  const incident = data as unknown as IncidentEvent;
  if (typeof incident.no !== "number" || state.fresh.some((known) => known.no === incident.no)) return state;
  return {
    ...state,
    fresh: [incident, ...state.fresh].slice(0, KEPT_FRESH),
    changes: state.changes + 1,
    delayMs: delay(state, incident.at, now),
  };
}

function onChanged(state: LiveState, data: Record<string, unknown>, now: number): LiveState {
  const incident = data as unknown as IncidentEvent;
  const fresh = state.fresh.map((known) => (known.no === incident.no ? { ...known, ...incident } : known));
  return { ...state, fresh, changes: state.changes + 1, delayMs: delay(state, incident.at, now) };
}

/** Boundaries were redrawn under a case: it lies in another cell now, and whoever sees that is told so apart. */
function onLeft(state: LiveState, data: Record<string, unknown>, now: number): LiveState {
  const fresh = state.fresh.filter((known) => known.no !== data["no"]);
  return { ...state, fresh, changes: state.changes + 1, delayMs: delay(state, String(data["at"]), now) };
}

function delay(state: LiveState, at: string | undefined, now: number): number | null {
  const instant = Date.parse(at ?? "");
  return Number.isNaN(instant) ? state.delayMs : Math.max(0, now + state.clockOffsetMs - instant);
}

function parse(data: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

export type Pulse =
  | { readonly kind: "connecting" }
  | { readonly kind: "live"; readonly delayMs: number }
  | { readonly kind: "late"; readonly byMs: number }
  | { readonly kind: "cut"; readonly heardAt: number };

/** The live dot: green while the server speaks as often as it promised, amber when late, grey when the wire is cut. */
export function pulse(state: LiveState, now: number): Pulse {
  if (state.heardAt === 0) return { kind: "connecting" };
  if (!state.connected) return { kind: "cut", heardAt: state.heardAt };
  const silence = now - state.heardAt;
  if (silence > HEARTBEAT_MS + GRACE_MS) return { kind: "late", byMs: silence };
  return { kind: "live", delayMs: state.delayMs ?? 0 };
}
