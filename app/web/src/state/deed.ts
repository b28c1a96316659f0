/** Something that is done at the server because somebody pressed a button: busy, done, or refused with a reason. */
import { signal, type ReadonlySignal } from "@preact/signals";
import { asProblem, type Problem } from "../api/problem";
import { fault, type Said } from "../ui/refusal";

export interface Deed {
  /** what is on its way; "" for nothing */
  readonly busy: ReadonlySignal<string>;
  readonly problem: ReadonlySignal<Problem | null>;
  /** Do it; true when it was done. While one is on its way another is not begun. */
  readonly run: (name: string, act: () => Promise<void>) => Promise<boolean>;
  readonly forget: () => void;
}

export function deed(): Deed {
  const busy = signal("");
  const problem = signal<Problem | null>(null);
  return {
    busy,
    problem,
    forget: () => {
      problem.value = null;
    },
    run: async (name, act) => {
      if (busy.peek() !== "") return false;
      busy.value = name;
      problem.value = null;
      try {
        await act();
        return true;
      } catch (reason) {
        const refused = asProblem(reason);
        // Whoever closes the dialog for the password knows why nothing was done.
        if (refused.kind !== "cancelled") problem.value = refused;
        return false;
      } finally {
        busy.value = "";
      }
    },
  };
}

/** What a refusal says about one field, by the last part of its name. */
export function fieldError(problem: Problem | null, field: string): Said | undefined {
  const message = problem?.fields.find((wrong) => wrong.field.split(/[./]/).pop() === field)?.message;
  return message === undefined ? undefined : fault(message);
}
