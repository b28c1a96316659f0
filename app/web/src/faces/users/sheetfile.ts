/** Many posts by a sheet: what it would change first, then all of it. */
import { computed, signal } from "@preact/signals";
import { upload } from "../../api/client";
import { deed } from "../../state/deed";
import { saveRows } from "../../ui/save";
import { followed } from "./manychange";
import { proposals } from "./proposing";
import { canTake } from "./sheetrules";
import { lookAgain } from "./state";
import type { SheetKind, SheetReport } from "./types";

const PATH = "/api/v1/users/sheet";

export const what = signal<SheetKind>("add");
export const file = signal<File | null>(null);
/** what the server said of the chosen file */
export const report = signal<SheetReport | null>(null);
export const deeds = deed();

export const mayTake = computed(() => report.value !== null && file.value !== null && canTake(report.value));

export function choose(chosen: File | null, kind: SheetKind = what.peek()): void {
  deeds.forget();
  report.value = null;
  file.value = chosen;
  what.value = kind;
}

function form(): FormData | null {
  const chosen = file.peek();
  if (chosen === null) return null;
  const body = new FormData();
  body.append("file", chosen);
  body.append("what", what.peek());
  return body;
}

export async function look(): Promise<void> {
  const body = form();
  if (body === null) return;
  await deeds.run("preview", async () => {
    report.value = await upload<SheetReport>(`${PATH}/preview`, body);
  });
}

export async function take(): Promise<void> {
  const body = form();
  if (body === null) return;
  await deeds.run("take", async () => {
    report.value = await followed((id) => {
      body.append("change", id);
      return upload<SheetReport>(PATH, body);
    });
    proposals.retry();
    lookAgain();
  });
}

/** The first passwords that were told, into a file; they are not told again. */
export function savePasswords(): void {
  const given = report.peek()?.passwords ?? [];
  saveRows(
    "first-passwords.csv",
    ["account", "password"],
    given.map(({ account, password }) => [account, password]),
  );
}
