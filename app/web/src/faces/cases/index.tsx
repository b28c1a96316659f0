/** Cases: what is mine to do, by what is due first; the card opens beside the list, the list stays. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { t, word, type TextKey } from "../../i18n";
import { IncidentCard } from "../../panels/IncidentCard";
import { nameOf } from "../../panels/Filters";
import { select } from "../../state/actions";
import { clockView } from "../../state/clockview";
import { categoryList } from "../../state/data";
import { faceKeys, setFaceParams } from "../../state/face";
import { serverNow } from "../../state/livefeed";
import { isUnsettled } from "../../state/settle";
import { phone, selection } from "../../state/store";
import { ClockMark } from "../../ui/ClockChip";
import { FaceFrame } from "../../ui/FaceFrame";
import { number } from "../../ui/format";
import { PickChoice } from "../../ui/Pick";
import { Segments } from "../../ui/Segments";
import { Empty, Failed, Skeleton } from "../../ui/states";
import "./cases.css";
import {
  answer,
  countBy,
  cursor,
  filter,
  hand,
  listName,
  mayTasks,
  rows,
  settle,
  shown,
  showMore,
  type ListName,
  type Row,
} from "./state";
import { Export } from "./Export";
import { TaskTable } from "./TaskTable";

const DUE_KINDS = ["overdue", "due_soon", "ok"] as const;

export default function CasesFace(): JSX.Element {
  useEffect(() => {
    faceKeys.value = {
      j: () => move(1),
      k: () => move(-1),
      ArrowDown: (event) => moveBy(event, 1),
      ArrowUp: (event) => moveBy(event, -1),
      Enter: openCursor,
      Escape: () => select(null),
    };
    return () => hand(false);
  }, []);
  const chosen = selection.value;
  const side =
    chosen?.kind === "incident" ? (
      <div class="case-side">
        <IncidentCard no={chosen.no} />
      </div>
    ) : undefined;
  return (
    <FaceFrame
      title={t(listName.value === "mine" ? "tasksMine" : "tasksDue")}
      note={<Count />}
      actions={
        <>
          {phone.value ? null : <Export />}
          <Lists />
        </>
      }
      filters={<Chips />}
      side={side}
    >
      <List />
    </FaceFrame>
  );
}

function Count(): JSX.Element {
  const { data } = answer.value.value;
  return (
    <>
      <span class="tabular">{data ? t("tasksCount", { n: number(data.total) }) : ""}</span>
      {data && data.total > data.rows.length ? (
        <span class="tabular"> · {t("tasksFirst", { n: number(data.rows.length) })}</span>
      ) : null}
      <Waiting />
    </>
  );
}

/** What changed while somebody's hand was in the list. */
function Waiting(): JSX.Element | null {
  const list = shown.value;
  if (!isUnsettled(list)) return null;
  const parts = [
    ...(list.waiting > 0 ? [t("tasksNew", { n: list.waiting })] : []),
    ...(list.gone.size > 0 ? [t("tasksGone", { n: list.gone.size })] : []),
    ...(list.waiting === 0 && list.gone.size === 0 ? [t("tasksMoved")] : []),
  ];
  return (
    <button type="button" class="fresh" onClick={settle} aria-live="polite">
      {parts.join(" · ")}
    </button>
  );
}

function Lists(): JSX.Element | null {
  if (!mayTasks.value) return null;
  const options: { value: ListName; text: string }[] = [
    { value: "mine", text: t("tasksMine") },
    { value: "due", text: t("tasksDue") },
  ];
  return (
    <Segments
      label={t("list")}
      options={options}
      value={listName.value}
      onChange={(name) => setFaceParams({ list: name === "mine" ? "" : name, why: "" })}
    />
  );
}

const clockKind = (row: Row): string => clockView(row.incident.clock, serverNow())?.kind ?? "";

function Chips(): JSX.Element {
  const wanted = filter.value;
  const whys = countBy("why", (row) => row.why);
  const dues = countBy("due", clockKind);
  const groups = (categoryList.value.value.data ?? []).filter((item) => item.code.length === 2);
  return (
    <>
      {DUE_KINDS.filter((kind) => !phone.value || dues.has(kind) || wanted.due === kind).map((kind) => (
        <Chip
          key={kind}
          on={wanted.due === kind}
          n={dues.get(kind) ?? 0}
          onClick={() => setFaceParams({ due: wanted.due === kind ? "" : kind })}
        >
          <ClockMark kind={kind} />
          {t(DUE_WORDS[kind])}
        </Chip>
      ))}
      {listName.value === "mine" && !phone.value ? <span class="chip-gap" aria-hidden="true" /> : null}
      {[...new Set([...whys.keys(), ...(wanted.why ? [wanted.why] : [])])].map((why) => (
        <Chip
          key={why}
          on={wanted.why === why}
          n={whys.get(why) ?? 0}
          onClick={() => setFaceParams({ why: wanted.why === why ? "" : why })}
        >
          {word("why", why)}
        </Chip>
      ))}
      <PickChoice
        label={t("category")}
        value={wanted.group}
        choices={groups.map((item) => ({ value: item.code, text: nameOf(item) }))}
        onPick={(group) => setFaceParams({ group })}
      />
    </>
  );
}

const DUE_WORDS: Readonly<Record<(typeof DUE_KINDS)[number], TextKey>> = {
  overdue: "overdue",
  due_soon: "dueSoon",
  ok: "inTime",
};

function Chip({
  on,
  n,
  onClick,
  children,
}: {
  on: boolean;
  n: number;
  onClick: () => void;
  children: JSX.Element | string | (JSX.Element | string)[];
}): JSX.Element {
  return (
    <button
      type="button"
      class={`filter-chip ${on ? "on" : ""}`}
      aria-pressed={on}
      disabled={n === 0 && !on}
      onClick={onClick}
    >
      {children}
      <span class="tabular">{number(n)}</span>
    </button>
  );
}

function List(): JSX.Element {
  const { data, error } = answer.value.value;
  if (error && !data) return <Failed what="what_tasks" problem={error} retry={answer.retry} />;
  if (!data) return <Skeleton rows={12} />;
  const { why, due, group } = filter.value;
  const filtered = why !== "" || due !== "" || group !== "";
  return (
    <div
      class="task-list"
      onPointerMove={(event) => {
        if (event.pointerType === "mouse") hand(true);
      }}
      onPointerDown={() => hand(true)}
      onPointerLeave={() => hand(false)}
    >
      {error ? <Failed what="what_tasks" problem={error} retry={answer.retry} /> : null}
      {rows.value.length === 0 ? (
        <Empty
          title={t(filtered ? "tasksNoneFiltered" : listName.value === "mine" ? "tasksNone" : "tasksNoneDue")}
          hint={t("tasksNoneHint")}
        >
          {filtered ? (
            <button type="button" class="button" onClick={() => setFaceParams({ why: "", due: "", group: "" })}>
              {t("clearFilters")}
            </button>
          ) : null}
        </Empty>
      ) : (
        <TaskTable />
      )}
      <More />
    </div>
  );
}

/** The most urgent are listed; the next part comes behind them. */
function More(): JSX.Element | null {
  const { data, loading } = answer.value.value;
  if (!data?.more) return null;
  return (
    <div class="more">
      <button type="button" class="button" disabled={loading} onClick={showMore}>
        {t("showMore")}
      </button>
      <span class="soft tabular">{t("listOfShown", { shown: number(data.rows.length), n: number(data.total) })}</span>
    </div>
  );
}

function move(step: number): void {
  const list = rows.peek();
  const at = list.findIndex((row) => row.no === cursor.peek());
  const next = list[at < 0 ? 0 : Math.max(0, Math.min(list.length - 1, at + step))];
  if (!next) return;
  hand(true);
  cursor.value = next.no;
  // With a card open the list leads it, as with the mouse.
  if (selection.peek()?.kind === "incident" && !phone.peek()) select({ kind: "incident", no: next.no });
}

function moveBy(event: KeyboardEvent, step: number): void {
  event.preventDefault();
  move(step);
}

function openCursor(event: KeyboardEvent): void {
  const onControl =
    event.target instanceof HTMLElement && event.target.closest("button, a, summary, [role=radio]") !== null;
  const no = cursor.peek();
  if (!onControl && no !== null) select({ kind: "incident", no });
}
