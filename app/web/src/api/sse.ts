/**
 * A server-sent-event reader over fetch. Unlike EventSource it also sees the comment heartbeats, so the live dot can
 * tell a quiet city from a cut wire.
 */
import { at } from "./base";

export interface SseEvent {
  kind: "event";
  id: string | null;
  event: string;
  data: string;
}

export interface SseComment {
  kind: "comment";
  text: string;
}

export type SseItem = SseEvent | SseComment;

/** Feed it text as it arrives; it gives back what has become complete. */
export class SseParser {
  private rest = "";
  private id: string | null = null;
  private event = "";
  private data: string[] = [];

  push(chunk: string): SseItem[] {
    const lines = (this.rest + chunk).split("\n");
    this.rest = lines.pop() ?? "";
    const items: SseItem[] = [];
    for (const raw of lines) {
      const line = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
      const item = this.line(line);
      if (item) items.push(item);
    }
    return items;
  }

  private line(line: string): SseItem | null {
    if (line === "") return this.flush();
    if (line.startsWith(":")) return { kind: "comment", text: line.slice(1).trim() };
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "id") this.id = value;
    else if (field === "event") this.event = value;
    else if (field === "data") this.data.push(value);
    return null;
  }

  private flush(): SseItem | null {
    if (this.data.length === 0) {
      this.event = "";
      return null;
    }
    const item: SseEvent = { kind: "event", id: this.id, event: this.event || "message", data: this.data.join("\n") };
    this.event = "";
    this.data = [];
    return item;
  }
}

export interface SseHandlers {
  onOpen: () => void;
  onItem: (item: SseItem) => void;
  onCut: () => void;
  /** The server says that nobody is signed in. */
  onRefused: () => void;
}

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15_000;
/** Three missed heartbeats: the wire is dead even if nobody said so. */
const SILENCE_MS = 47_000;

/** How long to wait before the attempt-th reconnect: doubling, capped, spread so that a wall of screens does not stampede. */
export function retryDelayMs(attempt: number, spread: number): number {
  const base = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt);
  return base * (0.75 + 0.5 * spread);
}

/** Keep a stream open for ever. Returns the function that ends it. */
export function openStream(url: string, handlers: SseHandlers): () => void {
  let ended = false;
  let attempt = 0;
  let lastId: string | null = null;
  let abort = new AbortController();
  let timer = 0;
  let watchdog = 0;

  const feedWatchdog = (): void => {
    window.clearTimeout(watchdog);
    watchdog = window.setTimeout(() => abort.abort(), SILENCE_MS);
  };

  const read = async (): Promise<void> => {
    abort = new AbortController();
    const headers: Record<string, string> = { accept: "text/event-stream" };
    if (lastId !== null) headers["last-event-id"] = lastId;
    const response = await fetch(at(url), { headers, signal: abort.signal, cache: "no-store" });
    if (response.status === 401) handlers.onRefused();
    if (!response.ok || !response.body) throw new Error(`stream ${response.status}`);
    handlers.onOpen();
    attempt = 0;
    feedWatchdog();
    const parser = new SseParser();
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      feedWatchdog();
      for (const item of parser.push(decoder.decode(value, { stream: true }))) {
        if (item.kind === "event" && item.id !== null) lastId = item.id;
        handlers.onItem(item);
      }
    }
  };

  const loop = (): void => {
    timer = 0;
    read()
      .catch(() => undefined)
      .finally(() => {
        window.clearTimeout(watchdog);
        if (ended) return;
        handlers.onCut();
        timer = window.setTimeout(loop, retryDelayMs(attempt++, Math.random()));
      });
  };

  const online = (): void => {
    attempt = 0;
    if (timer === 0) return;
    window.clearTimeout(timer);
    loop();
  };
  // The browser knows of a pulled cable before the silence tells.
  const offline = (): void => abort.abort();
  window.addEventListener("online", online);
  window.addEventListener("offline", offline);
  loop();
  return () => {
    ended = true;
    window.removeEventListener("online", online);
    window.removeEventListener("offline", offline);
    window.clearTimeout(timer);
    window.clearTimeout(watchdog);
    abort.abort();
  };
}
