/** One account: its grants, its sessions, its password, and switching it off. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t, word } from "../../i18n";
import { fieldError } from "../../state/deed";
import { nowTick } from "../../state/store";
import type { Grant } from "../../state/session";
import { AreaChooser } from "../../ui/AreaChooser";
import { Confirm } from "../../ui/Confirm";
import { Side } from "../../ui/FaceFrame";
import { day, fromLocalInput, moment, number } from "../../ui/format";
import { Labelled } from "../../ui/Labelled";
import { Refused } from "../../ui/Refused";
import { grantText, Opening, UserState } from "./parts";
import { ProposalList } from "./Proposals";
import { showList } from "./sessions";
import {
  addGrant,
  deeds,
  endSessions,
  open,
  removeFactor,
  revokeGrant,
  said,
  setDisabled,
  setPassword,
  setSubject,
} from "./state";
import { ROLES, type Role, type User } from "./types";

export function UserCard({ user }: { user: User }): JSX.Element {
  return (
    <Side title={user.name} lead={<Lead user={user} />} onClose={() => open("")}>
      <Refused problem={deeds.problem.value} but={["area", "role", "until", "password", "subject"]} />
      {said.value ? <p role="status">✓ {t(said.value)}</p> : null}
      {user.proposals.length > 0 ? (
        <section>
          <h3>{t("proposals")}</h3>
          <ProposalList proposals={user.proposals} />
        </section>
      ) : null}
      <section>
        <h3>{t("grants")}</h3>
        {user.grants.length === 0 ? <p class="soft">{t("grantsNone")}</p> : null}
        <ul class="entries">
          {user.grants.map((grant) => (
            <GrantRow key={grant.id} user={user} grant={grant} />
          ))}
        </ul>
        <NewGrant user={user} />
      </section>
      {user.manageable ? <Management user={user} /> : <p class="soft">{t("userElsewhere")}</p>}
    </Side>
  );
}

function Management({ user }: { user: User }): JSX.Element {
  return (
    <>
      <section>
        <h3>{t("userSessions")}</h3>
        <div class="line apart">
          <span class="tabular">{t("userSessionsN", { n: number(user.sessions) })}</span>
          {user.sessions > 0 ? (
            <button type="button" class="button small" onClick={() => showList("sessions", user.name)}>
              {t("userEachSession")}
            </button>
          ) : null}
          <Confirm
            text={t("userEndSessions")}
            sure={t("userEndSure", { n: number(user.sessions) })}
            disabled={user.sessions === 0 || deeds.busy.value !== ""}
            onSure={() => void endSessions(user.name)}
          />
        </div>
      </section>
      <Password user={user} />
      <Factor user={user} />
      <Subject user={user} />
      <section class="line">
        {user.disabled ? (
          <button type="button" class="button small" onClick={() => void setDisabled(user.name, false)}>
            {t("userEnable")}
          </button>
        ) : (
          <Confirm
            text={t("userDisable")}
            sure={t("userDisableSure")}
            disabled={deeds.busy.value !== ""}
            onSure={() => void setDisabled(user.name, true)}
          />
        )}
      </section>
    </>
  );
}

function Lead({ user }: { user: User }): JSX.Element {
  return (
    <>
      <UserState user={user} />
      <Opening user={user} />
      {user.demo ? <span class="badge">{t("userDemo")}</span> : null}
      <span class="soft tabular">
        {t("userCreated")} {day(user.created_at)}
      </span>
    </>
  );
}

function GrantRow({ user, grant }: { user: User; grant: Grant }): JSX.Element {
  const until = grant.valid_until
    ? t("grantUntilAt", { time: moment(grant.valid_until, nowTick.value) })
    : t("grantForever");
  return (
    <li>
      <span class="grow">
        <strong>{grantText(grant)}</strong> <span class="soft tabular">{until}</span>
        <details class="role-may">
          <summary class="link soft">{t("roleMay")}</summary>
          <p>{word("does", grant.role)}</p>
        </details>
      </span>
      <Confirm
        text={t("grantRevoke")}
        sure={t("grantRevokeSure")}
        disabled={deeds.busy.value !== ""}
        onSure={() => void revokeGrant(user.name, grant.id)}
      />
    </li>
  );
}

function NewGrant({ user }: { user: User }): JSX.Element {
  const [role, setRole] = useState<Role>("duty_officer");
  const [area, setArea] = useState(0);
  const [until, setUntil] = useState("");
  const [missing, setMissing] = useState(false);
  const problem = deeds.problem.value;
  const send = async (): Promise<void> => {
    setMissing(area === 0);
    if (area === 0) return;
    const at = fromLocalInput(until);
    const done = await addGrant(user.name, role, area, at === null ? null : new Date(at).toISOString());
    if (!done) return;
    setArea(0);
    setUntil("");
  };
  return (
    <form
      class="form new-grant"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <div class="form-row">
        <Labelled id="g-role" label={t("grantRole")} error={fieldError(problem, "role")}>
          <select
            id="g-role"
            value={role}
            onChange={(event) => setRole(ROLES.find((known) => known === event.currentTarget.value) ?? "duty_officer")}
          >
            {ROLES.map((known) => (
              <option key={known} value={known}>
                {word("acts", known)}
              </option>
            ))}
          </select>
        </Labelled>
        <Labelled id="g-area" label={t("grantArea")} error={missing ? t("grantNeedArea") : fieldError(problem, "area")}>
          <AreaChooser id="g-area" value={area} onChoose={(chosen) => setArea(chosen?.code ?? 0)} />
        </Labelled>
      </div>
      <p class="soft does">{word("does", role)}</p>
      <div class="form-row">
        <Labelled id="g-until" label={t("grantUntil")} error={fieldError(problem, "until")}>
          <input
            id="g-until"
            type="datetime-local"
            value={until}
            onInput={(event) => setUntil(event.currentTarget.value)}
          />
        </Labelled>
        <button type="submit" class="button" disabled={deeds.busy.value !== ""}>
          {t("grantAdd")}
        </button>
      </div>
    </form>
  );
}

function Password({ user }: { user: User }): JSX.Element {
  const [password, setText] = useState("");
  const send = async (): Promise<void> => {
    if (await setPassword(user.name, password)) setText("");
  };
  return (
    <section>
      <form
        class="form-row"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <Labelled id="p-new" label={t("userNewPassword")} error={fieldError(deeds.problem.value, "password")}>
          <input
            id="p-new"
            type="password"
            required
            maxLength={200}
            autocomplete="new-password"
            value={password}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </Labelled>
        <button type="submit" class="button" disabled={deeds.busy.value !== ""}>
          {t("userSetPassword")}
        </button>
      </form>
    </section>
  );
}

/** The second factor, which its post alone sets up; an admin can take a lost one away. */
function Factor({ user }: { user: User }): JSX.Element {
  return (
    <section>
      <h3>{t("secondFactor")}</h3>
      <div class="line apart">
        <span>{t(user.second_factor ? "userFactor" : "userNoFactor")}</span>
        {user.second_factor ? (
          <Confirm
            text={t("userFactorRemove")}
            sure={t("userFactorRemoveSure")}
            disabled={deeds.busy.value !== ""}
            onSure={() => void removeFactor(user.name)}
          />
        ) : null}
      </div>
    </section>
  );
}

/** Whom the city's provider knows by a subject (`sub`) and who acts as this account then. */
function Subject({ user }: { user: User }): JSX.Element {
  const [subject, setText] = useState("");
  const send = async (): Promise<void> => {
    if (await setSubject(user.name, subject.trim())) setText("");
  };
  return (
    <section>
      <h3>{t("userLink")}</h3>
      <div class="line apart">
        <span>{t(user.linked ? "userLinked" : "userNotLinked")}</span>
        {user.linked ? (
          <Confirm
            text={t("userUnlink")}
            sure={t("userUnlinkSure")}
            disabled={deeds.busy.value !== ""}
            onSure={() => void setSubject(user.name, "")}
          />
        ) : null}
      </div>
      <form
        class="form-row"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <Labelled id="p-subject" label={t("userSubject")} error={fieldError(deeds.problem.value, "subject")}>
          <input
            id="p-subject"
            required
            maxLength={255}
            autocomplete="off"
            spellcheck={false}
            value={subject}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </Labelled>
        <button type="submit" class="button" disabled={deeds.busy.value !== ""}>
          {t("userSetLink")}
        </button>
      </form>
    </section>
  );
}
