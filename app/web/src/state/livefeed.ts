/** The wire: one stream per page, folded into `live`; changes are gathered before anything is asked again. */
import { effect, signal, untracked } from "@preact/signals";
import { openStream } from "../api/sse";
import type { Incident } from "../api/types";
import { liveReducer, LIVE_START, type LiveAction, type LiveState } from "./live";
import { area, categories, nowTick, refreshTick, statusFilter, timeWindow } from "./store";
import { within } from "./codes";
import { sessionEnded, setWatching } from "./session";
import { isLive } from "./window";

export const live = signal<LiveState>(LIVE_START);

/** Called with every case that has just been reported, for the ring on the map. */
const arrivalListeners = new Set<(incident: Incident) => void>();

export function onArrival(listener: (incident: Incident) => void): () => void {
  arrivalListeners.add(listener);
  return () => arrivalListeners.delete(listener);
}

/** Called with every case whose state has changed. */
const changeListeners = new Set<(incident: Incident) => void>();

export function onChange(listener: (incident: Incident) => void): void {
  changeListeners.add(listener);
}

/** Called with the number of every case that boundaries have taken out of a cell. */
const leftListeners = new Set<(no: number) => void>();

export function onLeft(listener: (no: number) => void): void {
  leftListeners.add(listener);
}

function tellLeft(data: string): void {
  const { no } = JSON.parse(data) as { no: number };
  for (const listener of leftListeners) listener(no);
}

function tellChanged(data: string): void {
  const incident = JSON.parse(data) as Incident;
  for (const listener of changeListeners) listener(incident);
}

function tellSession(data: string): void {
  const { watching } = JSON.parse(data) as { watching?: boolean };
  if (watching !== undefined) setWatching(watching);
}

/** Called with what the stream says of a subject (`warning.changed` is of `warning`), and when everything is asked anew. */
const topicListeners = new Map<string, Set<() => void>>();

const SETTLED_MS = 300;
/** New boundaries are told community by community. */
export const BOUNDARIES_SETTLED_MS = 400;

/** Hear of a subject, once for what comes together. */
export function onTopic(subject: string, listener: () => void, settledMs = SETTLED_MS): void {
  let gathering = 0;
  const listeners = topicListeners.get(subject) ?? new Set();
  topicListeners.set(
    subject,
    listeners.add(() => {
      window.clearTimeout(gathering);
      gathering = window.setTimeout(listener, settledMs);
    }),
  );
}

function tellTopic(event: string): void {
  const told = event === "reset" ? [...topicListeners.values()] : [topicListeners.get(event.split(".", 1)[0] ?? "")];
  for (const listeners of told) listeners?.forEach((listener) => listener());
}

/** The server's clock in ms, so that a wrong local clock does not empty the last hour. */
export function serverNow(): number {
  return Date.now() + live.peek().clockOffsetMs;
}

/** True when a fresh case belongs to what the page shows (its place on the map apart). */
export function passesFilter(incident: Incident): boolean {
  if (!isLive(timeWindow.value)) return false;
  if (statusFilter.value === "closed") return false;
  if (!within(incident.cell_code, area.value)) return false;
  const wanted = categories.value;
  return wanted.length === 0 || wanted.some((code) => incident.category.startsWith(code));
}

function dispatch(action: LiveAction): void {
  live.value = liveReducer(live.peek(), action);
}

export function markSeen(): void {
  dispatch({ kind: "seen" });
}

const SETTLE_MS = 1500;
const AT_MOST_EVERY_MS = 8000;
const IDLE_REFRESH_MS = 60_000;

/** Ask again soon after a change, at most every few seconds, and once a minute so that old cases leave the window. */
function scheduleRefresh(): void {
  let last = Date.now();
  let timer = 0;
  let owed = false;
  const go = (): void => {
    window.clearTimeout(timer);
    timer = 0;
    // A page that nobody sees asks nothing; it catches up when it is seen.
    owed = document.hidden;
    if (owed) return;
    last = Date.now();
    refreshTick.value++;
  };
  document.addEventListener("visibilitychange", () => {
    if (owed && !document.hidden) go();
  });
  let seen = 0;
  effect(() => {
    const { changes } = live.value;
    if (changes === seen) return;
    seen = changes;
    if (timer === 0) timer = window.setTimeout(go, Math.max(SETTLE_MS, last + AT_MOST_EVERY_MS - Date.now()));
  });
  window.setInterval(() => {
    const due = Date.now() - last >= IDLE_REFRESH_MS;
    if (due && live.peek().connected) go();
  }, 5000);
  let wasConnected = false;
  let wasCut = false;
  effect(() => {
    const { connected } = live.value;
    if (wasConnected && !connected) wasCut = true;
    if (connected && wasCut) {
      wasCut = false;
      untracked(go);
    }
    wasConnected = connected;
  });
}

export function startLive(): () => void {
  scheduleRefresh();
  const clock = window.setInterval(() => (nowTick.value = Date.now()), 1000);
  const end = openStream("/api/v1/stream", {
    onOpen: () => dispatch({ kind: "open", now: Date.now() }),
    onRefused: sessionEnded,
    onCut: () => dispatch({ kind: "cut" }),
    onItem: (item) => {
      const before = live.peek().fresh[0];
      dispatch({ kind: "item", item, now: Date.now() });
      if (item.kind === "event" && (item.event === "hello" || item.event === "session")) tellSession(item.data);
      const newest = live.peek().fresh[0];
      if (item.kind === "event" && item.event === "incident.reported" && newest && newest !== before) {
        for (const listener of arrivalListeners) listener(newest);
      }
      if (item.kind === "event" && item.event === "incident.changed") tellChanged(item.data);
      if (item.kind === "event" && item.event === "incident.left") tellLeft(item.data);
      if (item.kind === "event") tellTopic(item.event);
    },
  });
  return () => {
    end();
    window.clearInterval(clock);
  };
}
