/** What went wrong, in a form the panels can show: an RFC 9457 problem, or no answer at all. */

export interface FieldError {
  field: string;
  message: string;
}

export class Problem extends Error {
  override readonly name = "Problem";
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly fields: readonly FieldError[],
    readonly requestId: string | null,
    /** last part of the problem's type, such as `stale-version` */
    readonly kind = "",
    /** the whole body, for members of a kind's own, such as a difference */
    readonly members: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail || title);
  }

  /** True when the server was not reached: the page is offline or the server is down. */
  get offline(): boolean {
    return this.status === 0;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function fieldErrors(value: unknown): FieldError[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isRecord).map((item) => ({
    field: text(item["field"]),
    message: text(item["message"]),
  }));
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Read an error answer; a body that is not problem+json still gives a Problem. */
export async function problemFrom(response: Response): Promise<Problem> {
  const requestId = response.headers.get("x-request-id");
  let body: unknown = null;
  try {
    body = await response.json();
  } catch {
    body = null;
  }
  if (!isRecord(body)) return new Problem(response.status, response.statusText, "", [], requestId);
  return new Problem(
    response.status,
    text(body["title"]) || response.statusText,
    text(body["detail"]),
    fieldErrors(body["errors"]),
    requestId ?? (text(body["request_id"]) || null),
    text(body["type"]).split(/[/:#]/).pop(),
    body,
  );
}

/** Anything thrown by fetch, as a Problem; an abort stays an abort. */
export function asProblem(reason: unknown): Problem {
  if (reason instanceof Problem) return reason;
  const detail = reason instanceof Error ? reason.message : "";
  return new Problem(0, "offline", detail, [], null);
}

export function isAbort(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === "AbortError";
}
