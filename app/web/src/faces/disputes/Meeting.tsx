/** When and where the table meets: free times of everybody and a room, chosen by a click. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../i18n";
import { nowTick } from "../../state/store";
import { moment } from "../../ui/format";
import { Empty, Failed, Skeleton } from "../../ui/states";
import { byDay, timeText } from "./openings";
import { DAYS, deeds, lookingForTime, mayDo, met, openings, rightNow, rooms, schedule } from "./state";
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
          {meeting.room.name} <span class="soft">{meeting.room.station.name}</span>
        </p>
      ) : (
        <p class="soft">{t("meetingNone")}</p>
      )}
      <div class="line">
        {mayDo(mediation, "met") ? (
          <button type="button" class="button primary" disabled={busy} onClick={() => void met(mediation)}>
            {t("meetingMet")}
          </button>
        ) : null}
        {mayDo(mediation, "meeting") ? (
          <button
            type="button"
            class={`button ${meeting ? "" : "primary"}`}
            aria-expanded={lookingForTime.value}
            onClick={() => (lookingForTime.value = !lookingForTime.value)}
          >
            {t(meeting ? "meetingMove" : "meetingFind")}
          </button>
        ) : null}
      </div>
      {lookingForTime.value && mayDo(mediation, "meeting") ? <Times mediation={mediation} /> : null}
    </section>
  );
}

const SHOWN_DAYS = 5;

function Times({ mediation }: { mediation: Mediation }): JSX.Element {
  const [chosen, setChosen] = useState<number | null>(null);
  const [all, setAll] = useState(false);
  const { data, error } = openings.value.value;
  const known = rooms.value.value.data ?? [];
  const problem = error ?? rooms.value.value.error;
  if (problem && !data)
    return (
      <Failed
        what="what_openings"
        problem={problem}
        retry={() => {
          openings.retry();
          rooms.retry();
        }}
      />
    );
  if (!data) return <Skeleton rows={3} />;
  if (rooms.value.value.data?.length === 0) return <Empty title={t("roomsNone")} hint={t("roomsNoneHint")} />;
  const days = byDay(data, chosen);
  const near = known.find(({ id }) => id === chosen) ?? known[0];
  return (
    <div class="openings">
      <div class="line">
        <label class="pick">
          {t("meetingRoom")}
          <select
            value={chosen === null ? "" : String(chosen)}
            onChange={(event) => setChosen(event.currentTarget.value === "" ? null : Number(event.currentTarget.value))}
          >
            <option value="">{t("pickAny")}</option>
            {known.map(({ id, name, seats, station }) => (
              <option
                key={id}
                value={String(id)}
              >{`${station.name} · ${name} · ${t("roomSeats", { n: seats })}`}</option>
            ))}
          </select>
        </label>
        {near ? (
          <button
            type="button"
            class="button small"
            disabled={deeds.busy.value !== ""}
            onClick={() => void schedule(mediation, rightNow(near))}
          >
            {t("meetingNow")} <small class="soft">{near.station.name}</small>
          </button>
        ) : null}
      </div>
      {days.length === 0 ? <Empty title={t("openingsNone", { n: DAYS })} hint={t("openingsNoneHint")} /> : null}
      {(all ? days : days.slice(0, SHOWN_DAYS)).map((day) => (
        <div key={day.on} class="opening-day">
          <span class="tabular">{day.on.slice(5)}</span>
          <div class="line">
            {day.openings.map((opening) => (
              <button
                key={opening.starts_at}
                type="button"
                class="button small opening"
                disabled={deeds.busy.value !== ""}
                title={`${opening.room.station.name} ${opening.room.name}`}
                onClick={() => void schedule(mediation, opening)}
              >
                <span class="tabular">{timeText(opening)}</span>
                <small>{opening.room.station.name}</small>
              </button>
            ))}
          </div>
        </div>
      ))}
      {!all && days.length > SHOWN_DAYS ? (
        <button type="button" class="link" onClick={() => setAll(true)}>
          {t("showMore")}
        </button>
      ) : null}
    </div>
  );
}
