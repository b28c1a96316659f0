/** A filter as a chip: its kind, its choice, and the way to let it go. */
import type { ComponentChildren, JSX } from "preact";
import { t } from "../i18n";
import { Icon } from "./icons";

export interface Choice {
  readonly value: string;
  readonly text: string;
}

/** One word out of a list; "" is no filter. */
export function PickChoice({
  label,
  value,
  choices,
  onPick,
}: {
  label: string;
  value: string;
  choices: readonly Choice[];
  onPick: (value: string) => void;
}): JSX.Element {
  return (
    <Pick label={label} on={value !== ""} onClear={() => onPick("")}>
      <select aria-label={label} value={value} onChange={(event) => onPick(event.currentTarget.value)}>
        <option value="">{t("pickAny")}</option>
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.text}
          </option>
        ))}
      </select>
    </Pick>
  );
}

/** A day (yyyy-mm-dd, local). */
export function PickDay({
  label,
  value,
  onPick,
}: {
  label: string;
  value: string;
  onPick: (value: string) => void;
}): JSX.Element {
  return (
    <Pick label={label} on={value !== ""} onClear={() => onPick("")}>
      <input type="date" aria-label={label} value={value} onChange={(event) => onPick(event.currentTarget.value)} />
    </Pick>
  );
}

export function Pick({
  label,
  on,
  onClear,
  children,
}: {
  label: string;
  on: boolean;
  onClear: () => void;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <span class={`pick ${on ? "on" : ""}`}>
      <span aria-hidden="true">{label}</span>
      {children}
      {on ? (
        <button type="button" class="pick-clear" aria-label={t("pickClear", { what: label })} onClick={onClear}>
          <Icon name="close" />
        </button>
      ) : null}
    </span>
  );
}
