/** Warnings of fraud: who must be visited until when, and the officer's four steps. Works in one hand. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { categoryName, t, word } from "../../i18n";
import { faceKeys, setFaceParams } from "../../state/face";
import { FaceFrame } from "../../ui/FaceFrame";
import { number } from "../../ui/format";
import { More } from "../../ui/PagedTable";
import { PickChoice } from "../../ui/Pick";
import { Empty, Failed, Skeleton } from "../../ui/states";
import { ChainText, Risk, Rungs, StateWord, VisitTimer } from "./parts";
import { chosen, chosenId, chosenProblem, open, queue, retryChosen, stateFilter, warnings } from "./state";
import { Steps } from "./Steps";
import { isRunning } from "./timer";
import { STATES, type Warning } from "./types";
import { WarningCard } from "./WarningCard";
import "./warnings.css";

export default function Warnings(): JSX.Element {
  useEffect(() => {
    faceKeys.value = { Escape: () => open(""), j: () => move(1), k: () => move(-1) };
  }, []);
  const { data, error } = warnings.value.value;
  const rows = queue.value;
  const running = rows.filter(isRunning).length;
  return (
    <FaceFrame
      title={t("face_warnings")}
      note={data ? t("warningsCount", { n: number(running), all: number(data.total) }) : null}
      filters={
        <PickChoice
          label={t("warningState")}
          value={stateFilter.value}
          choices={STATES.map((state) => ({ value: state, text: word("warned", state) }))}
          onPick={(state) => setFaceParams({ state })}
        />
      }
      side={chosenId.value === "" ? null : <Opened />}
    >
      {error ? <Failed what="what_warnings" problem={error} retry={warnings.retry} /> : null}
      {!data && !error ? <Skeleton rows={6} /> : null}
      {data && rows.length === 0 ? <Empty title={t("warningsEmpty")} hint={t("warningsEmptyHint")} /> : null}
      <ul class="warnings" aria-label={t("face_warnings")}>
        {rows.map((warning) => (
          <Row key={warning.id} warning={warning} />
        ))}
      </ul>
      <More list={warnings} />
    </FaceFrame>
  );
}

function move(step: number): void {
  const rows = queue.peek();
  const at = rows.findIndex(({ id }) => id === chosenId.peek());
  const next = rows[at < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, at + step))];
  if (next) open(next.id);
}

function Opened(): JSX.Element {
  const warning = chosen.value;
  if (warning) return <WarningCard key={warning.id} warning={warning} />;
  const problem = chosenProblem.value;
  return problem ? <Failed what="what_warning" problem={problem} retry={retryChosen} /> : <Skeleton rows={6} />;
}

function Row({ warning }: { warning: Warning }): JSX.Element {
  return (
    <li class={`warning ${warning.id === chosenId.value ? "selected" : ""}`} data-no={warning.no}>
      <button
        type="button"
        class="warning-open"
        aria-current={warning.id === chosenId.value}
        onClick={() => open(warning.id)}
      >
        <VisitTimer warning={warning} />
        <span class="warning-text">
          <span class="warning-title">
            <strong>{categoryName(warning)}</strong> <Risk risk={warning.risk} />{" "}
            <span class="soft tabular">{t("incidentNo", { no: warning.no })}</span>
          </span>
          <span class="warning-place">
            <ChainText links={warning.chain} />
          </span>
          <span class="warning-who">
            <StateWord state={warning.state} /> <Rungs level={warning.level} /> <span>{warning.station?.name}</span>
          </span>
        </span>
      </button>
      <Steps warning={warning} />
    </li>
  );
}
