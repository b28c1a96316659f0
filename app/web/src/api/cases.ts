/** Calls of the case loop: tasks, steps, clocks, units, duplicates, contact, photos. */
import { get, upload, write } from "./client";
import type { Incident, IncidentDetail, Paged } from "./types";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type CaseClock = Schemas["CaseClock"];
export type ClockSummary = Schemas["ClockSummary"];

/** One thing that a step asks for. */
export interface StepField {
  readonly name: string;
  readonly required: boolean;
  readonly kind: "text" | "unit" | "instant" | "choice" | "incident";
  readonly choices?: readonly string[] | null | undefined;
}

export interface NextStep {
  readonly step: string;
  readonly fields: readonly StepField[];
  /** the next step of the ordinary course: the one filled button */
  readonly ordinary: boolean;
}

export interface UnitAtWork {
  readonly unit_id: number;
  readonly call_sign: string;
  readonly role: string;
  readonly station: string | { readonly name: string } | null;
}

export interface DutyUnit extends UnitAtWork {
  readonly station: { readonly id: number; readonly name: string; readonly kind: string; readonly area_code: number | null } | null;
}

export interface CaseLink {
  readonly id: string;
  readonly no: number;
  readonly title?: string;
}

/** What the life cycle adds to a case. */
export type CaseDetail = IncidentDetail & {
  readonly version?: number;
  readonly tier?: string;
  readonly assigned_to?: UnitAtWork | null;
  readonly next_steps?: readonly NextStep[];
  readonly duplicate_of?: CaseLink | null;
  readonly duplicates?: readonly CaseLink[];
  readonly reopened?: number;
  readonly satisfaction?: string | null;
  readonly has_contact?: boolean;
  readonly attachments?: number;
};

export type CaseStep = Schemas["TimelineStep"] & {
  readonly role?: string | null;
  readonly post?: string | null;
  readonly unit?: string | null;
  readonly until?: string | null;
  readonly outcome?: string | null;
  readonly other_no?: number | null;
};

export interface Task {
  readonly incident: Incident;
  readonly next_steps: readonly NextStep[];
  readonly why: string;
}

export type StepValues = Readonly<Record<string, string | number>>;

export interface Suggestion {
  readonly incident: Pick<Incident, "id" | "no" | "title" | "category" | "status" | "stage" | "reported_at" | "lon" | "lat" | "cell_code">;
  readonly score: number;
  readonly distance_m: number;
  readonly hours: number;
  readonly text_similarity: number;
  readonly reasons: readonly string[];
}

export interface Contact {
  readonly name: string | null;
  readonly phone: string | null;
  readonly note: string | null;
}

export const PHOTO_KINDS = ["before", "after", "near", "far"] as const;
export type PhotoKind = (typeof PHOTO_KINDS)[number];

export interface Photo {
  readonly id: string | number;
  readonly kind: PhotoKind;
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
  readonly at: string;
  readonly url: string;
  readonly thumb_url: string;
}

const INCIDENTS = "/api/v1/incidents";
const of = (id: string): string => `${INCIDENTS}/${encodeURIComponent(id)}`;

export const caseApi = {
  tasks: (query: { area?: number | undefined; limit?: number; cursor?: string }, signal?: AbortSignal) =>
    get<Paged<Task>>("/api/v1/tasks", query, signal),
  due: (
    query: { area?: number | undefined; state?: string | undefined; limit?: number; cursor?: string },
    signal?: AbortSignal,
  ) => get<Paged<Incident>>(`${INCIDENTS}/due`, query, signal),
  clockSummary: (area: number | undefined, signal?: AbortSignal) =>
    get<ClockSummary>("/api/v1/clocks/summary", { area }, signal),
  step: (id: string, step: string, values: StepValues, version: number | undefined) =>
    write<CaseDetail>("POST", `${of(id)}/steps`, { step, ...values, ...(version === undefined ? {} : { version }) }),
  units: (query: { area?: number | undefined; role?: string | undefined; limit?: number }, signal?: AbortSignal) =>
    get<Paged<DutyUnit>>("/api/v1/duty_units", query, signal),
  suggestions: (body: { category: string; title: string; description: string; lon: number; lat: number }) =>
    write<{ items: Suggestion[] }>("POST", "/api/v1/duplicates/suggestions", body),
  reveal: (id: string, reason: string) => write<Contact>("POST", `${of(id)}/contact/reveal`, { reason }),
  setContact: (id: string, body: Record<string, string>) => write<undefined>("PUT", `${of(id)}/contact`, body),
  photos: (id: string, signal?: AbortSignal) => get<Paged<Photo>>(`${of(id)}/attachments`, {}, signal),
  addPhoto: (id: string, kind: PhotoKind, file: File) => {
    const form = new FormData();
    form.set("kind", kind);
    form.set("file", file);
    return upload<Photo>(`${of(id)}/attachments`, form);
  },
  removePhoto: (id: string | number) => write<undefined>("DELETE", `/api/v1/attachments/${encodeURIComponent(String(id))}`),
};
