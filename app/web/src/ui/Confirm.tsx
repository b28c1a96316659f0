/** A deed that is not easily undone takes two presses; leaving it takes the first one back. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";

export function Confirm({
  text,
  sure,
  disabled = false,
  onSure,
}: {
  text: string;
  /** what the second press says */
  sure: string;
  disabled?: boolean;
  onSure: () => void;
}): JSX.Element {
  const [asked, setAsked] = useState(false);
  return (
    <button
      type="button"
      class={`button small ${asked ? "danger" : ""}`}
      disabled={disabled}
      onBlur={() => setAsked(false)}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !asked) return;
        event.stopPropagation();
        setAsked(false);
      }}
      onClick={() => {
        setAsked(!asked);
        if (asked) onSure();
      }}
    >
      {asked ? sure : text}
    </button>
  );
}
