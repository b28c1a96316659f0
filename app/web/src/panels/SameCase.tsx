/** While a report is typed: cases nearby that may be the same one, each with the reason why it is named. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { caseApi, type Suggestion } from "../api/cases";
import { t, word } from "../i18n";
import { endReport, select } from "../state/actions";
import type { Draft } from "../state/draft";
import { may } from "../state/session";
import { number } from "../ui/format";
import { StageChip } from "../ui/stage";

const PAUSE_MS = 450;
const LEAST_TITLE = 2;

export function SameCase({ value }: { value: Draft }): JSX.Element | null {
  const [found, setFound] = useState<readonly Suggestion[]>([]);
  const { category, title, description, lon, lat } = value;
  const ready =
    may("suggest_duplicates") &&
    lon !== null &&
    lat !== null &&
    /^\d{4}$/.test(category) &&
    title.trim().length >= LEAST_TITLE;
  useEffect(() => {
    if (!ready) {
      setFound([]);
      return undefined;
    }
    let left = false;
    const timer = window.setTimeout(() => {
      caseApi.suggestions({ category, title: title.trim(), description: description.trim(), lon, lat }).then(
        (page) => {
          if (!left) setFound(page.items);
        },
        // Only a help: a report is made without it, too.
        () => undefined,
      );
    }, PAUSE_MS);
    return () => {
      left = true;
      window.clearTimeout(timer);
    };
  }, [ready, category, title, description, lon, lat]);
  if (found.length === 0) return null;
  return (
    <section class="suggestions" aria-live="polite">
      <p>
        <strong>{t("sameTitle")}</strong>
      </p>
      <ul>
        {found.map((item) => (
          <li key={item.incident.no} data-no={item.incident.no}>
            <div class="line">
              <StageChip stage={item.incident.stage} status={item.incident.status} />
              <span class="soft tabular">#{item.incident.no}</span>
            </div>
            <strong>{item.incident.title}</strong>
            <span class="soft">{item.reasons.map((reason) => reasonText(reason, item)).join(t("comma"))}</span>
            <div class="line">
              <button
                type="button"
                class="button small"
                onClick={() => {
                  endReport();
                  select({ kind: "incident", no: item.incident.no });
                }}
              >
                {t("sameIs")}
              </button>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function reasonText(reason: string, item: Suggestion): string {
  switch (reason) {
    case "distance":
      return t("same_distance", { m: number(Math.round(item.distance_m)) });
    case "time":
      return t("same_time", { h: number(Math.max(1, Math.round(item.hours))) });
    case "text":
      return t("same_text", { p: Math.round(item.text_similarity * 100) });
    case "category":
      return t("same_category");
    default:
      return word("same", reason);
  }
}
