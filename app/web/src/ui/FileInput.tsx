/** Choosing a file that is looked at before anything comes of it. */
import type { JSX } from "preact";

/** null while another one is being chosen. */
export function FileInput({
  id,
  accept,
  choose,
}: {
  id: string;
  accept: string;
  choose: (file: File | null) => void;
}): JSX.Element {
  return (
    <input
      id={id}
      type="file"
      accept={accept}
      required
      onClick={(event) => {
        // Else choosing the same file again, mended, would be no change.
        event.currentTarget.value = "";
        choose(null);
      }}
      onChange={(event) => choose(event.currentTarget.files?.[0] ?? null)}
    />
  );
}
