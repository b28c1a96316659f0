/** One choice out of a few, as a row of segments: arrow keys move it, as in any radio group. */
import type { JSX } from "preact";

export interface Segment<T extends string | number> {
  readonly value: T;
  readonly text: string;
}

export function Segments<T extends string | number>({
  label,
  id,
  options,
  value,
  onChange,
  extra,
}: {
  label: string;
  id?: string;
  options: readonly Segment<T>[];
  /** null: none of them (a custom choice stands instead) */
  value: T | null;
  onChange: (value: T) => void;
  extra?: JSX.Element;
}): JSX.Element {
  const onKey = (event: KeyboardEvent): void => {
    const step =
      event.key === "ArrowRight" || event.key === "ArrowDown"
        ? 1
        : event.key === "ArrowLeft" || event.key === "ArrowUp"
          ? -1
          : 0;
    if (step === 0) return;
    event.preventDefault();
    const at = options.findIndex((option) => option.value === value);
    const next = options[(at + step + options.length) % options.length];
    if (!next) return;
    onChange(next.value);
    const row = event.currentTarget as HTMLElement;
    row.querySelectorAll<HTMLElement>("[role=radio]")[options.indexOf(next)]?.focus();
  };
  const focusable = (option: Segment<T>): number =>
    option.value === value || (value === null && option === options[0]) ? 0 : -1;
  return (
    <div class="segments" role="radiogroup" aria-label={label} id={id} onKeyDown={onKey}>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          role="radio"
          aria-checked={option.value === value}
          tabIndex={focusable(option)}
          onClick={() => onChange(option.value)}
        >
          {option.text}
        </button>
      ))}
      {extra}
    </div>
  );
}
