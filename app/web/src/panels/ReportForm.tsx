/** Reporting by clicking the map. The draft keeps its id over retries; errors show at the field they name. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { api } from "../api/client";
import { asProblem, type Problem } from "../api/problem";
import type { Category, ReverseHit } from "../api/types";
import { t, word } from "../i18n";
import { draft, endReport, mapHandle, placeDraft, select } from "../state/actions";
import { categoryList } from "../state/data";
import { checkDraft, newUuid, SOURCES, toBody, type Draft } from "../state/draft";
import { phone } from "../state/store";
import { Icon } from "../ui/icons";
import { Labelled } from "../ui/Labelled";
import { Segments } from "../ui/Segments";
import { fault, type Said } from "../ui/refusal";
import { reason } from "../ui/states";
import { Told } from "../ui/Told";
import { Card } from "./Card";
import { Chain } from "./Chain";
import { nameOf } from "./Filters";
import { SameCase } from "./SameCase";

type Errors = Readonly<Record<string, string | Said>>;

const sending = signal(false);

export function ReportForm({ value }: { value: Draft }): JSX.Element {
  const [errors, setErrors] = useState<Errors>({});
  const [problem, setProblem] = useState<Problem | null>(null);
  const change = (part: Partial<Draft>): void => {
    draft.value = { ...value, ...part };
    setErrors(without(errors, Object.keys(part)));
  };
  const send = async (): Promise<void> => {
    const missing = checkDraft(value);
    if (missing.length > 0) {
      setErrors(Object.fromEntries(missing.map(({ field, key }) => [field, t(key)])));
      return;
    }
    sending.value = true;
    setProblem(null);
    try {
      const incident = await api.report(toBody(value));
      endReport();
      select({ kind: "incident", no: incident.no });
    } catch (thrown) {
      const failed = asProblem(thrown);
      setProblem(failed);
      setErrors(Object.fromEntries(failed.fields.map(({ field, message }) => [lastPart(field), fault(message)])));
    } finally {
      sending.value = false;
    }
  };
  return (
    <Card title={t("reportTitle")} onClose={endReport}>
      <form
        class="form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (!sending.value) void send();
        }}
      >
        <PlaceField value={value} error={errors["lon"] ?? errors["lat"] ?? errors["address"]} />
        <CategoryField
          value={value.category}
          error={errors["category"]}
          onChange={(category) => change({ category })}
        />
        <Labelled id="f-title" label={t("reportTitleField")} error={errors["title"]}>
          <input
            id="f-title"
            maxLength={200}
            value={value.title}
            placeholder={t("reportTitleHint")}
            onInput={(event) => change({ title: event.currentTarget.value })}
          />
        </Labelled>
        <Labelled id="f-description" label={t("reportDescription")} error={errors["description"]}>
          <textarea
            id="f-description"
            rows={4}
            maxLength={4000}
            value={value.description}
            placeholder={t("reportDescriptionHint")}
            onInput={(event) => change({ description: event.currentTarget.value })}
          />
        </Labelled>
        <SameCase value={value} />
        <SeverityField value={value.severity} onChange={(severity) => change({ severity })} />
        <Labelled id="f-source" label={t("source")} error={errors["source"]}>
          <select
            id="f-source"
            value={value.source}
            onChange={(event) =>
              change({ source: SOURCES.find((known) => known === event.currentTarget.value) ?? "patrol" })
            }
          >
            {SOURCES.map((source) => (
              <option key={source} value={source}>
                {word("source", source)}
              </option>
            ))}
          </select>
        </Labelled>
        {problem ? (
          <Rejected
            problem={problem}
            value={value}
            onNew={() => {
              change({ id: newUuid() });
              setProblem(null);
            }}
          />
        ) : null}
        <div class="form-actions">
          <button type="submit" class="button primary" disabled={sending.value}>
            {t(sending.value ? "reportSending" : "reportSend")}
          </button>
          <button type="button" class="button" onClick={endReport}>
            {t("cancel")}
          </button>
        </div>
      </form>
    </Card>
  );
}

function Rejected({ problem, value, onNew }: { problem: Problem; value: Draft; onNew: () => void }): JSX.Element {
  if (problem.status === 409) {
    const open = async (): Promise<void> => {
      const known = await api.incident(value.id).catch(() => null);
      if (!known) return;
      endReport();
      select({ kind: "incident", no: known.no });
    };
    return (
      <div class="failed" role="alert">
        <p class="failed-title">{t("reportConflict")}</p>
        <div class="form-actions">
          <button type="button" class="button" onClick={() => void open()}>
            {t("reportConflictOpen")}
          </button>
          <button type="button" class="button" onClick={onNew}>
            {t("reportConflictNew")}
          </button>
        </div>
      </div>
    );
  }
  const unsent = problem.offline || problem.status >= 500;
  return (
    <div class="failed" role="alert">
      <p class="failed-title">{unsent ? t("reportUnsent") : reason(problem)}</p>
      {problem.requestId ? <p class="soft">{t("errorRequest", { id: problem.requestId })}</p> : null}
    </div>
  );
}

function PlaceField({ value, error }: { value: Draft; error: string | Said | undefined }): JSX.Element {
  const [found, setFound] = useState<ReverseHit | null>(null);
  const [failed, setFailed] = useState<Problem | null>(null);
  const { lon, lat } = value;
  useEffect(() => {
    setFound(null);
    setFailed(null);
    if (lon === null || lat === null) return undefined;
    const abort = new AbortController();
    api.reverse(lon, lat, abort.signal).then(setFound, (thrown: unknown) => {
      if (!abort.signal.aborted) setFailed(asProblem(thrown));
    });
    return () => abort.abort();
  }, [lon, lat]);
  const outside = failed !== null && !failed.offline && failed.status < 500;
  const wrong = error ?? (outside ? t("reportOutside") : undefined);
  return (
    <div class={`form-field ${wrong ? "wrong" : ""}`}>
      <span class="label">{t("reportPlace")}</span>
      {lon === null || lat === null ? (
        <div class="pick-hint">
          <Icon name="pin" />
          <span>{t("reportPick")}</span>
          <button
            type="button"
            class="button small"
            onClick={() => {
              const centre = mapHandle.value?.centre();
              if (centre) placeDraft(Number(centre.lon.toFixed(6)), Number(centre.lat.toFixed(6)));
            }}
          >
            {t("reportHere")}
          </button>
        </div>
      ) : (
        <div class="picked">
          {found ? <Chain links={found.chain} /> : outside ? null : <span class="soft">{t("reportLocating")}</span>}
          <span class="soft tabular">
            {lon.toFixed(5)}, {lat.toFixed(5)}
          </span>
          {phone.value ? null : <span class="soft">{t("reportPickAgain")}</span>}
        </div>
      )}
      {wrong ? (
        <p class="field-error" role="alert">
          <Told said={wrong} />
        </p>
      ) : null}
    </div>
  );
}

const SHOWN = 8;

/** Best first: number, then a name that begins so, then one that contains it. */
export function matchCategories(all: readonly Category[], text: string): Category[] {
  const wanted = text.trim().toLowerCase();
  const leaves = all.filter((item) => item.code.length === 4);
  if (wanted === "") return leaves.slice(0, SHOWN);
  const rank = (item: Category): number => {
    const names = [item.name_zh, item.name_en.toLowerCase()];
    if (item.code.startsWith(wanted)) return 0;
    if (names.some((name) => name.startsWith(wanted))) return 1;
    return names.some((name) => name.includes(wanted)) ? 2 : 9;
  };
  return leaves
    .map((item) => ({ item, at: rank(item) }))
    .filter(({ at }) => at < 9)
    .sort((a, b) => a.at - b.at)
    .slice(0, SHOWN)
    .map(({ item }) => item);
}

function CategoryField({
  value,
  error,
  onChange,
}: {
  value: string;
  error: string | Said | undefined;
  onChange: (code: string) => void;
}): JSX.Element {
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(0);
  const all = categoryList.value.value.data ?? [];
  const chosen = all.find((item) => item.code === value);
  const found = matchCategories(all, text);
  const take = (item: Category | undefined): void => {
    if (!item) return;
    onChange(item.code);
    setText("");
    setOpen(false);
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown") setActive(Math.min(found.length - 1, active + 1));
    else if (event.key === "ArrowUp") setActive(Math.max(0, active - 1));
    else if (event.key === "Enter" && open) {
      event.preventDefault();
      take(found[active]);
    } else if (event.key === "Escape" && open) {
      event.stopPropagation();
      setOpen(false);
    }
  };
  return (
    <Labelled id="f-category" label={t("reportCategory")} error={error}>
      <div class="combo">
        <input
          id="f-category"
          role="combobox"
          autocomplete="off"
          aria-expanded={open}
          aria-controls="f-category-list"
          placeholder={t("reportCategorySearch")}
          value={open ? text : chosen ? `${chosen.code} ${nameOf(chosen)}` : text}
          onFocus={() => {
            setOpen(true);
            setActive(0);
          }}
          onBlur={() => setOpen(false)}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setActive(0);
            setOpen(true);
          }}
          onKeyDown={onKey}
        />
        {open ? (
          <ul class="menu combo-list" id="f-category-list" role="listbox">
            {found.length === 0 ? <li class="menu-note">{t("reportCategoryNone")}</li> : null}
            {found.map((item, i) => (
              <li
                key={item.code}
                role="option"
                aria-selected={i === active}
                onPointerDown={(event) => {
                  event.preventDefault();
                  take(item);
                }}
                onPointerMove={() => setActive(i)}
              >
                <span class="tabular soft">{item.code}</span> {nameOf(item)}
              </li>
            ))}
          </ul>
        ) : null}
      </div>
    </Labelled>
  );
}

function SeverityField({ value, onChange }: { value: number; onChange: (severity: number) => void }): JSX.Element {
  return (
    <div class="form-field">
      <span class="label">{t("severity")}</span>
      <Segments
        label={t("severity")}
        options={[1, 2, 3, 4].map((level) => ({ value: level, text: word("severity", String(level)) }))}
        value={value}
        onChange={onChange}
      />
    </div>
  );
}

function without(errors: Errors, fields: readonly string[]): Errors {
  return Object.fromEntries(Object.entries(errors).filter(([field]) => !fields.includes(field)));
}

/** Servers name nested fields by path (`body.title`); the form knows the last part. */
function lastPart(field: string): string {
  return field.split(/[./]/).pop() ?? field;
}
