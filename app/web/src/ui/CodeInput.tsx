/** A field for the code of a second factor: six digits of the authenticator app, or a recovery code. */
import type { JSX, RefObject } from "preact";

const MOST_CHARS = 40;

export function CodeInput({
  field,
  ...input
}: {
  field: RefObject<HTMLInputElement | null>;
  id?: string;
  name?: string;
}): JSX.Element {
  return (
    <input
      {...input}
      ref={field}
      required
      maxLength={MOST_CHARS}
      autocomplete="one-time-code"
      autocapitalize="characters"
      spellcheck={false}
    />
  );
}
