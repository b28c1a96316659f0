/** A report in the making. Its id is made once and kept over retries, so the same report is never counted twice. */
import type { NewIncident } from "../api/types";

export interface Draft {
  readonly id: string;
  readonly lon: number | null;
  readonly lat: number | null;
  readonly category: string;
  readonly title: string;
  readonly description: string;
  readonly severity: number;
  readonly source: NewIncident["source"];
}

export const SOURCES = [
  "patrol",
  "visit",
  "hotline",
  "mini_program",
  "police_call",
  "warning",
  "leader",
  "transfer",
  "sensor",
] as const satisfies readonly NewIncident["source"][];

/** A version 4 UUID; `crypto.randomUUID` is missing outside secure contexts, random bytes are not. */
export function newUuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

export function newDraft(): Draft {
  return {
    id: newUuid(),
    lon: null,
    lat: null,
    category: "",
    title: "",
    description: "",
    severity: 2,
    source: "patrol",
  };
}

export type DraftProblem = {
  field: "category" | "title" | "description" | "lon";
  key: "needCategory" | "needTitle" | "needPlace" | "tooLong";
};

/** What is still missing before it makes sense to ask the server. */
export function checkDraft(draft: Draft): DraftProblem[] {
  const problems: DraftProblem[] = [];
  if (draft.lon === null || draft.lat === null) problems.push({ field: "lon", key: "needPlace" });
  if (!/^\d{4}$/.test(draft.category)) problems.push({ field: "category", key: "needCategory" });
  if (draft.title.trim() === "") problems.push({ field: "title", key: "needTitle" });
  if (draft.title.trim().length > 200) problems.push({ field: "title", key: "tooLong" });
  if (draft.description.length > 4000) problems.push({ field: "description", key: "tooLong" });
  return problems;
}

export function toBody(draft: Draft): NewIncident {
  return {
    id: draft.id,
    category: draft.category,
    title: draft.title.trim(),
    description: draft.description.trim(),
    lon: draft.lon ?? 0,
    lat: draft.lat ?? 0,
    source: draft.source,
    severity: draft.severity,
    simulated: false,
  };
}

const KEY = "minqing.draft";

export function keepDraft(draft: Draft | null): void {
  try {
    if (draft) window.sessionStorage.setItem(KEY, JSON.stringify(draft));
    else window.sessionStorage.removeItem(KEY);
  } catch {
    // A browser that keeps nothing still reports.
  }
}

export function readDraft(): Draft | null {
  try {
    const kept: unknown = JSON.parse(window.sessionStorage.getItem(KEY) ?? "null");
    return isDraft(kept) ? kept : null;
  } catch {
    return null;
  }
}

function isDraft(value: unknown): value is Draft {
  if (typeof value !== "object" || value === null) return false;
  const draft = value as Record<string, unknown>;
  const texts = [draft["id"], draft["category"], draft["title"], draft["description"], draft["source"]];
  const places = [draft["lon"], draft["lat"]];
  return (
    texts.every((text) => typeof text === "string") &&
    places.every((place) => place === null || typeof place === "number") &&
    typeof draft["severity"] === "number"
  );
}
