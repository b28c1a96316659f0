/** One field of a form: its name, and what is wrong with it. */
import type { ComponentChildren, JSX } from "preact";
import type { Said } from "./refusal";
import { Told } from "./Told";

export function Labelled({
  id,
  label,
  error,
  hint,
  children,
}: {
  id: string;
  label: string;
  error?: string | Said | undefined;
  hint?: string;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <div class={`form-field ${error ? "wrong" : ""}`}>
      <label for={id}>{label}</label>
      {children}
      {hint ? <p class="soft field-hint">{hint}</p> : null}
      {error ? (
        <p class="field-error" role="alert">
          <Told said={error} />
        </p>
      ) : null}
    </div>
  );
}
