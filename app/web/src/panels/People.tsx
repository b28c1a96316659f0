/** Who is assigned, by role and call sign only. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Assigned } from "../api/types";
import { t, word } from "../i18n";

const SHORT = 6;

export function People({ people }: { people: readonly Assigned[] }): JSX.Element {
  const [all, setAll] = useState(false);
  if (people.length === 0) return <p class="soft">{t("assignedNone")}</p>;
  const shown = all ? people : people.slice(0, SHORT);
  return (
    <>
      <ul class="people">
        {shown.map((person) => (
          <li key={`${person.call_sign}${person.duty}`}>
            <span class="role">{word("role", person.role)}</span>
            <span class="tabular">{person.call_sign}</span>
            <span class="soft">{word("duty", person.duty)}</span>
          </li>
        ))}
      </ul>
      {people.length > SHORT ? (
        <button type="button" class="link" onClick={() => setAll(!all)}>
          {all ? t("showFewer") : t("showAll", { n: people.length })}
        </button>
      ) : null}
    </>
  );
}
