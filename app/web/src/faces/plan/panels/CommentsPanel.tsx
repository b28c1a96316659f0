/** Comments on places: the list, another one at a clicked place, settling one. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../../../i18n";
import { fieldError } from "../../../state/deed";
import { may } from "../../../state/session";
import { nowTick } from "../../../state/store";
import { ago, number } from "../../../ui/format";
import { Icon } from "../../../ui/icons";
import { Labelled } from "../../../ui/Labelled";
import { Refused } from "../../../ui/Refused";
import { Empty, Failed, Skeleton } from "../../../ui/states";
import { openedPlan, placing, planMap } from "../state";
import { chosen, comments, deeds, leave, place, say, settle, sorted, spot } from "./comments";
import { cellsLabel } from "./names";
import type { PlanComment } from "./shapes";

const LONGEST = 2000;
const NEAR_ZOOM = 16;

export function CommentsPanel(): JSX.Element {
  const { data, error } = comments.value.value;
  useEffect(() => leave, []);
  const open = openedPlan.value;
  const mayNow = may("add_comment") && open !== null && open.state !== "published" && open.state !== "withdrawn";
  return (
    <div class="plan-panel">
      {mayNow ? <NewComment /> : null}
      <Refused problem={deeds.problem.value} but={["text"]} />
      {error ? <Failed what="what_comments" problem={error} retry={comments.retry} /> : null}
      {!data && !error ? <Skeleton rows={4} /> : null}
      {data?.length === 0 ? <Empty title={t("planTalkNone")} hint={t("planTalkNoneHint")} /> : null}
      <ol class="plan-comments">
        {sorted.value.map((comment, i) => (
          <Comment key={comment.id} comment={comment} no={i + 1} mayNow={mayNow} />
        ))}
      </ol>
    </div>
  );
}

function NewComment(): JSX.Element {
  const [text, setText] = useState("");
  const at = spot.value;
  if (!at) {
    const waiting = placing.value !== null;
    return (
      <div class="line">
        <button
          type="button"
          class={`button ${waiting ? "on" : ""}`}
          aria-pressed={waiting}
          onClick={waiting ? leave : place}
        >
          <Icon name="pin" />
          {t(waiting ? "planTalkClick" : "planTalkNew")}
        </button>
        {waiting ? (
          <button
            type="button"
            class="button small"
            onClick={() => {
              const centre = planMap.peek()?.centre();
              if (centre) placing.peek()?.(centre.lon, centre.lat);
            }}
          >
            {t("planTalkCentre")}
          </button>
        ) : null}
      </div>
    );
  }
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        void say(text.trim()).then((done) => {
          if (done) setText("");
        });
      }}
    >
      <Labelled
        id="p-say"
        label={t("planTalkAt", { place: `${at.lon.toFixed(5)}, ${at.lat.toFixed(5)}` })}
        hint={t("planTalkHint")}
        error={fieldError(deeds.problem.value, "text")}
      >
        <textarea
          id="p-say"
          rows={3}
          required
          maxLength={LONGEST}
          value={text}
          autofocus
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </Labelled>
      <div class="form-actions">
        <button type="submit" class="button primary" disabled={deeds.busy.value !== "" || text.trim() === ""}>
          {t("planTalkSay")}
        </button>
        <button type="button" class="button" onClick={leave}>
          {t("cancel")}
        </button>
      </div>
    </form>
  );
}

function Comment({ comment, no, mayNow }: { comment: PlanComment; no: number; mayNow: boolean }): JSX.Element {
  const row = useRef<HTMLLIElement>(null);
  const pointed = chosen.value === comment.id;
  useEffect(() => {
    if (pointed) row.current?.scrollIntoView({ block: "nearest" });
  }, [pointed]);
  const settled = comment.resolved_at !== null;
  return (
    <li ref={row} class={settled ? "settled" : ""} aria-current={pointed ? "true" : undefined}>
      <button
        type="button"
        class="plan-comment-no tabular"
        aria-label={t("planFly")}
        title={t("planFly")}
        onClick={() => {
          chosen.value = comment.id;
          planMap.value?.show(comment.lon, comment.lat, NEAR_ZOOM);
        }}
      >
        {number(no)}
      </button>
      <div class="grow">
        <p class="plan-comment-text">{comment.text}</p>
        <p class="soft">
          {comment.account} · {ago(comment.at, nowTick.value)} · {cellsLabel([comment.area_code])}
          {settled ? ` · ${t("planTalkSettled")}` : ""}
        </p>
      </div>
      {mayNow ? (
        <button
          type="button"
          class="button small"
          disabled={deeds.busy.value !== ""}
          onClick={() => void settle(comment)}
        >
          {t(settled ? "planTalkReopen" : "planTalkSettle")}
        </button>
      ) : null}
    </li>
  );
}
