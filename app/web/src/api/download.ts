/** A file of the server into the downloads of whoever asked for it. */
import { at } from "./base";
import { acting, refusalOf } from "./client";
import { presenceHeaders } from "./presence";
import { asProblem } from "./problem";

const REQUEST_TIMEOUT_MS = 120_000;

/**
 * Fetch a file and hand it to the browser's downloads, under the name that the server gives it.
 *
 * Throws a Problem; not a plain link, because the server may first want the password again.
 */
export function download(path: string): Promise<void> {
  return acting(() => fetchFile(path));
}

async function fetchFile(path: string): Promise<void> {
  let answer: Response;
  try {
    answer = await fetch(at(path), { headers: presenceHeaders(), signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
  } catch (reason) {
    throw asProblem(reason);
  }
  if (!answer.ok) throw await refusalOf(answer);
  const url = URL.createObjectURL(await answer.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = fileName(answer.headers.get("content-disposition") ?? "");
  link.click();
  // The browser reads it after the click.
  window.setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** The name in a Content-Disposition; "download" where there is none. */
export function fileName(disposition: string): string {
  return /filename="([^"/\\]+)"/.exec(disposition)?.[1] ?? "download";
}
