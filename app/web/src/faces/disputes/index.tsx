/** The dispute room: the tables that stand, and one of them with everybody who was called to it. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { t, word } from "../../i18n";
import { faceKeys, setFaceParams } from "../../state/face";
import { may } from "../../state/session";
import { nowTick } from "../../state/store";
import { FaceFrame } from "../../ui/FaceFrame";
import { moment, number } from "../../ui/format";
import { Icon } from "../../ui/icons";
import { More } from "../../ui/PagedTable";
import { PickChoice } from "../../ui/Pick";
import { Empty, Failed, Skeleton } from "../../ui/states";
import { NewTable } from "./NewTable";
import { Progress } from "./parts";
import { RoomCard } from "./RoomCard";
import { chosenId, mediations, NEW, open, room, stateFilter } from "./state";
import { STATES, type Mediation } from "./types";
import "./disputes.css";

export default function Disputes(): JSX.Element {
  useEffect(() => {
    faceKeys.value = { Escape: () => open(""), j: () => move(1), k: () => move(-1) };
  }, []);
  const { data, error } = mediations.value.value;
  return (
    <FaceFrame
      title={t("face_disputes")}
      note={data ? t("mediationsCount", { n: number(data.total) }) : null}
      actions={
        may("open_mediation") ? (
          <button type="button" class="button primary" onClick={() => open(NEW)}>
            <Icon name="plus" />
            {t("mediationOpen")}
          </button>
        ) : null
      }
      filters={
        <PickChoice
          label={t("mediationState")}
          value={stateFilter.value}
          choices={STATES.map((state) => ({ value: state, text: word("med", state) }))}
          onPick={(state) => setFaceParams({ state })}
        />
      }
      side={chosenId.value === "" ? null : <Opened />}
    >
      {error ? <Failed what="what_mediations" problem={error} retry={mediations.retry} /> : null}
      {!data && !error ? <Skeleton rows={8} /> : null}
      {data?.items.length === 0 ? <Empty title={t("mediationsEmpty")} hint={t("mediationsEmptyHint")} /> : null}
      <ul class="tables" aria-label={t("face_disputes")}>
        {data?.items.map((mediation) => (
          <Row key={mediation.id} mediation={mediation} />
        ))}
      </ul>
      <More list={mediations} />
    </FaceFrame>
  );
}

function move(step: number): void {
  const rows = mediations.value.peek().data?.items ?? [];
  const at = rows.findIndex(({ id }) => id === chosenId.peek());
  const next = rows[at < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, at + step))];
  if (next) open(next.id);
}

function Row({ mediation }: { mediation: Mediation }): JSX.Element {
  const { incident, meeting, participants } = mediation;
  const coming = participants.filter(({ answer }) => answer === "accepted").length;
  return (
    <li>
      <button
        type="button"
        class="table-row"
        aria-current={mediation.id === chosenId.value}
        onClick={() => open(mediation.id)}
      >
        <span class="table-title">{incident.title}</span>
        <Progress state={mediation.state} />
        <span class="soft tabular">
          {t("incidentNo", { no: incident.no })} · {t("tableComing", { n: coming, of: participants.length })}
          {meeting ? ` · ${moment(meeting.starts_at, nowTick.value)} ${meeting.room.name}` : ""}
        </span>
      </button>
    </li>
  );
}

function Opened(): JSX.Element {
  if (chosenId.value === NEW) return <NewTable />;
  const { data, error } = room.value.value;
  if (data?.id === chosenId.value) return <RoomCard key={data.id} mediation={data} />;
  return error ? <Failed what="what_mediation" problem={error} retry={room.retry} /> : <Skeleton rows={8} />;
}
