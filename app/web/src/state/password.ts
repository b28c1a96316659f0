/** The password once more: what for, and who waits for it. The dialog is in `ui/StepUp.tsx`. */
import { signal } from "@preact/signals";

/** Before what is protected, or because this page only watches. */
export type Why = "protected" | "watching";

export interface Asking {
  readonly why: Why;
  readonly answer: Promise<boolean>;
  readonly done: (right: boolean) => void;
}

export const asking = signal<Asking | null>(null);

/** Ask for it; true once it was right, false when the dialog was closed. Who asks meanwhile gets the same answer. */
export function askPassword(why: Why): Promise<boolean> {
  const waiting = asking.peek();
  if (waiting) return waiting.answer;
  let settle: (right: boolean) => void = () => undefined;
  const answer = new Promise<boolean>((resolve) => (settle = resolve));
  const done = (right: boolean): void => {
    asking.value = null;
    settle(right);
  };
  asking.value = { why, answer, done };
  return answer;
}
