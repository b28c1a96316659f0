/** A sheet of posts: chosen, looked at row by row, taken. */
import type { JSX } from "preact";
import { t, word } from "../../i18n";
import { Confirm } from "../../ui/Confirm";
import { Side } from "../../ui/FaceFrame";
import { FileInput } from "../../ui/FileInput";
import { number } from "../../ui/format";
import { Labelled } from "../../ui/Labelled";
import { Refused } from "../../ui/Refused";
import { Table } from "../../ui/Table";
import { ManyChange } from "./ManyChange";
import { choose, deeds, file, look, mayTake, report, savePasswords, take, what } from "./sheetfile";
import { open } from "./state";
import type { SheetReport, SheetRow } from "./types";

const MOST_SHOWN = 200;

export function Sheet(): JSX.Element {
  const busy = deeds.busy.value;
  return (
    <Side
      title={t("userSheet")}
      onClose={() => {
        choose(null);
        open("");
      }}
    >
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void look();
        }}
      >
        <Labelled id="s-what" label={t("sheetWhat")}>
          <select
            id="s-what"
            value={what.value}
            onChange={(event) => choose(file.peek(), event.currentTarget.value === "end" ? "end" : "add")}
          >
            <option value="add">{t("sheet_add")}</option>
            <option value="end">{t("sheet_end")}</option>
          </select>
        </Labelled>
        <Labelled id="s-file" label={t("sheetFile")} hint={t("sheetFileHint")}>
          <FileInput id="s-file" accept=".csv,.xlsx" choose={choose} />
        </Labelled>
        <Refused problem={deeds.problem.value} />
        {busy === "take" ? <ManyChange /> : null}
        <div class="form-actions">
          <button
            type="submit"
            class={`button ${mayTake.value ? "" : "primary"}`}
            disabled={busy !== "" || file.value === null}
          >
            {t(busy === "preview" ? "sheetLooking" : "sheetPreview")}
          </button>
          {mayTake.value ? (
            <Confirm
              text={t(busy === "take" ? "sheetTaking" : "sheetTake")}
              sure={t(what.value === "end" ? "sheetEndSure" : "sheetAddSure", {
                n: number(report.value?.accounts ?? 0),
              })}
              disabled={busy !== ""}
              onSure={() => void take()}
            />
          ) : null}
        </div>
      </form>
      {report.value ? <Found found={report.value} /> : null}
    </Side>
  );
}

function Found({ found }: { found: SheetReport }): JSX.Element {
  const counts = Object.entries(found.counts).map(([outcome, n]) => `${word("sheetoutcome", outcome)} ${number(n)}`);
  const told = found.rows.filter(({ outcome }) => outcome !== "same");
  const shown = [
    ...told.filter(({ outcome }) => outcome === "wrong"),
    ...told.filter(({ outcome }) => outcome !== "wrong"),
  ].slice(0, MOST_SHOWN);
  return (
    <section class="found">
      <p class="found-lead" role="status">
        {found.done ? `✓ ${t("sheetDone")} · ` : ""}
        {counts.join(" · ")}
      </p>
      {found.waiting > 0 ? <p>{t("sheetWaiting", { n: number(found.waiting) })}</p> : null}
      {found.ignored.length > 0 ? (
        <p class="soft">{t("sheetIgnored", { names: found.ignored.join(t("comma")) })}</p>
      ) : null}
      {found.passwords.length > 0 ? (
        <div class="line apart">
          <span>
            <strong>{t("firstPasswords")}</strong> {t("firstPasswordsWhy")}
          </span>
          <button type="button" class="button primary" onClick={savePasswords}>
            {t("releaseCodesSave")}
          </button>
        </div>
      ) : null}
      {shown.length > 0 ? <Rows rows={shown} /> : null}
      {shown.length < told.length ? (
        <p class="soft">{t("listOfShown", { shown: number(shown.length), n: number(told.length) })}</p>
      ) : null}
    </section>
  );
}

function Rows({ rows }: { rows: readonly SheetRow[] }): JSX.Element {
  return (
    <Table<SheetRow>
      label={t("userSheet")}
      rows={rows}
      rowKey={({ row }) => row}
      columns={[
        { key: "row", title: t("sheetRow"), kind: "number", cell: ({ row }) => row },
        { key: "account", title: t("userName"), kind: "code", cell: ({ account }) => account },
        { key: "outcome", title: t("sheetOutcome"), cell: ({ outcome }) => word("sheetoutcome", outcome) },
        {
          key: "grant",
          title: t("grants"),
          kind: "long",
          cell: ({ role, area, column, reason }) =>
            reason ? (
              <span lang="en">
                {column}: {reason}
              </span>
            ) : role ? (
              `${word("acts", role)} · ${area ?? ""}`
            ) : (
              ""
            ),
        },
      ]}
    />
  );
}
