/** When and where the table meets: free times of everybody and a room, chosen by a click. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../i18n";
import { nowTick } from "../../state/store";
import { moment } from "../../ui/format";
import { Empty, Failed, Skeleton } from "../../ui/states";
import { byDay, roomsOf, timeText } from "./openings";
import { stationName } from "./parts";
import { DAYS, deeds, lookingForTime, mayDo, met, openings, schedule } from "./state";
import type { Mediation } from "./types";

export function Meeting({ mediation }: { mediation: Mediation }): JSX.Element {
  const { meeting } = mediation;
  const busy = deeds.busy.value !== "";
  return (
    <section>
      <h3>{t("meeting")}</h3>
      {meeting ? (
        <p class="meeting tabular">
          <strong>{moment(meeting.starts_at, nowTick.value)}</strong> <span class="soft">{timeText(meeting)}</span>
          <br />
          {meeting.room.name} <span class="soft">{stationName(meeting.room.station)}</span>
        </p>
      ) : <p class="soft">{t("meetingNone")}</p>}
      <div class="line">
        {mayDo(mediation, "met") ? <button type="button" class="button primary" disabled={busy} onClick={() => void met(mediation)}>{t("meetingMet")}</button> : null}
        {mayDo(mediation, "meeting") ? (
          <button type="button" class={`button ${meeting ? "" : "primary"}`} aria-expanded={lookingForTime.value} onClick={() => (lookingForTime.value = !lookingForTime.value)}>
            {t(meeting ? "meetingMove" : "meetingFind")}
          </button>
        ) : null}
      </div>
      {lookingForTime.value && mayDo(mediation, "meeting") ? <Times mediation={mediation} /> : null}
    </section>
  );
}

function Times({ mediation }: { mediation: Mediation }): JSX.Element {
  const [room, setRoom] = useState<number | null>(null);
  const { data, error } = openings.value.value;
  if (error && !data) return <Failed what="what_openings" problem={error} retry={openings.retry} />;
  if (!data) return <Skeleton rows={3} />;
  if (data.length === 0) return <Empty title={t("openingsNone", { n: DAYS })} hint={t("openingsNoneHint")} />;
  const rooms = roomsOf(data);
  return (
    <div class="openings">
      <label class="pick">
        {t("meetingRoom")}
        <select value={room === null ? "" : String(room)} onChange={(event) => setRoom(event.currentTarget.value === "" ? null : Number(event.currentTarget.value))}>
          <option value="">{t("pickAny")}</option>
          {rooms.map((known) => <option key={known.id} value={String(known.id)}>{known.name}</option>)}
        </select>
      </label>
      {byDay(data, room).map((day) => (
        <div key={day.on} class="opening-day">
          <span class="tabular">{day.on.slice(5)}</span>
          <div class="line">
            {day.openings.map((opening) => (
              <button
                key={opening.starts_at}
                type="button"
                class="button small opening"
                disabled={deeds.busy.value !== ""}
                title={opening.room.name}
                onClick={() => void schedule(mediation, opening)}
              >
                <span class="tabular">{timeText(opening)}</span>
                <small>{opening.room.name}</small>
              </button>
            ))}
          </div>
        </div>
      ))}
    </div>
  );
}
