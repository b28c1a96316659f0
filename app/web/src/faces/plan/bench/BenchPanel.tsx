/** The edited community: its cells only, with what is pending counted in. */
import type { JSX } from "preact";
import { t } from "../../../i18n";
import { cellNumber } from "../../../state/codes";
import { phone } from "../../../state/store";
import { number } from "../../../ui/format";
import { Empty, Failed, Skeleton } from "../../../ui/states";
import { deviationText } from "../panels/figures";
import { areaLabel } from "../panels/names";
import { benchCode, canEdit } from "../state";
import { busy } from "../tools/tools";
import { setLock } from "./actions";
import type { CellFigures } from "./measures";
import { aim, bench, closeBench, draftFigures, hoveredCell, live, target, type Live } from "./store";

export function BenchPanel(): JSX.Element {
  const { error } = bench.value.value;
  const now = live.value;
  if (benchCode.value === 0) return <Empty title={t("benchNone")} hint={t("benchNoneHint")} />;
  if (!now) {
    if (error)
      return (
        <div>
          <Failed what="benchWhat" problem={error} retry={bench.retry} />
          <p class="bench-leave">
            <button type="button" class="link" onClick={closeBench}>
              {t("benchClose")}
            </button>
          </p>
        </div>
      );
    return <Skeleton rows={8} />;
  }
  return (
    <div class="bench">
      <header class="bench-head">
        <h2>{areaLabel(now.drawing.bench.code)}</h2>
        <button type="button" class="link" onClick={closeBench}>
          {t("benchClose")}
        </button>
      </header>
      {error ? <Failed what="benchWhat" problem={error} retry={bench.retry} /> : null}
      <Sums now={now} />
      <table class="bench-table">
        <thead>
          <tr>
            <th scope="col">{t("benchCell")}</th>
            <th scope="col">{t("benchDeviation")}</th>
            <th scope="col" title={t("benchLoadHint")}>
              {t("benchLoad")}
            </th>
            <th scope="col">{t("benchHouseholds")}</th>
            <th scope="col" title={t("benchIncidentsHint")}>
              {t("benchIncidents")}
            </th>
            <th scope="col" title={t("benchCompactHint")}>
              {t("benchCompact")}
            </th>
            <th scope="col">
              <span class="visually-hidden">{t("toolLock")}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {now.figures.cells.map((cell) => (
            <Row key={cell.code} cell={cell} now={now} />
          ))}
          <NewRow now={now} />
        </tbody>
      </table>
    </div>
  );
}

function Sums({ now: { figures } }: { now: Live }): JSX.Element {
  const before = draftFigures.value;
  const share = figures.households > 0 ? figures.moved_households / figures.households : 0;
  return (
    <dl class="bench-sums tabular">
      <div>
        <dt>{t("benchMean")}</dt>
        <dd>{number(figures.mean_load)}</dd>
      </div>
      <div>
        <dt title={t("benchSpreadHint")}>{t("benchSpread")}</dt>
        <dd>
          {figures.spread.toFixed(3)}
          {before ? <Change was={before.spread} is={figures.spread} /> : null}
        </dd>
      </div>
      <div>
        <dt>{t("benchMoved")}</dt>
        <dd data-figure="moved">
          {number(figures.moved_households)} <span class="soft">{(share * 100).toFixed(1)} %</span>
        </dd>
      </div>
      {figures.broken > 0 ? (
        <div class="bench-broken">
          <dt>✕ {t("benchInPieces")}</dt>
          <dd>{number(figures.broken)}</dd>
        </div>
      ) : null}
    </dl>
  );
}

function Change({ was, is }: { was: number; is: number }): JSX.Element | null {
  const by = is - was;
  if (Math.abs(by) < 0.0005) return null;
  return (
    <span class={by < 0 ? "bench-better" : "bench-worse"}>
      {" "}
      {by < 0 ? "▼" : "▲"}
      {Math.abs(by).toFixed(3)}
    </span>
  );
}

/** The cell that is not there yet: a target like any other. */
function NewRow({ now: { drawing, figures } }: { now: Live }): JSX.Element | null {
  const { fresh } = drawing;
  if (fresh === 0 || phone.value || !canEdit.value || figures.cells.some(({ code }) => code === fresh)) return null;
  const isTarget = target.value === fresh;
  return (
    <tr data-cell={fresh} class={isTarget ? "target" : ""}>
      <th scope="row" colSpan={7}>
        <button
          type="button"
          class="bench-cell tabular"
          aria-pressed={isTarget}
          title={t("toolNewCellHint")}
          onClick={() => aim(isTarget ? 0 : fresh)}
        >
          {isTarget ? "◎ " : "+ "}
          {cellNumber(fresh)}
        </button>
        <small class="soft"> {t("toolNewCell")}</small>
      </th>
    </tr>
  );
}

const RANGE = 0.6;

/** How far off the mean, as a bar to the left or right; the marks stand at ±15 %. */
function DeviationBar({ deviation }: { deviation: number }): JSX.Element {
  const width = Math.min(1, Math.abs(deviation) / RANGE) * 50;
  const mark = (0.15 / RANGE) * 50;
  return (
    <svg class="bench-bar" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">
      <rect class="ground" x="0" y="2" width="100" height="8" />
      <rect
        class={Math.abs(deviation) <= 0.15 ? "even" : deviation > 0 ? "above" : "below"}
        x={deviation > 0 ? 50 : 50 - width}
        y="2"
        width={width}
        height="8"
      />
      <path d={`M50 0V12M${50 - mark} 1V11M${50 + mark} 1V11`} />
    </svg>
  );
}

function Row({ cell, now }: { cell: CellFigures; now: Live }): JSX.Element {
  const { code, deviation, pieces, free } = cell;
  const known = now.drawing.bench.cells.find((one) => one.code === code);
  const locked = known?.locked ?? false;
  const isTarget = target.value === code;
  const fixed = now.drawing.isLocked(code);
  return (
    <tr
      data-cell={code}
      class={`${isTarget ? "target" : ""} ${hoveredCell.value === code ? "pointed" : ""} ${pieces > 1 ? "broken" : ""}`}
      onPointerEnter={() => (hoveredCell.value = code)}
      onPointerLeave={() => (hoveredCell.value = 0)}
    >
      <th scope="row">
        <button
          type="button"
          class="bench-cell tabular"
          aria-pressed={isTarget}
          disabled={fixed}
          title={fixed ? t("benchFixed") : t("toolPickHint")}
          onClick={() => aim(isTarget ? 0 : code)}
        >
          {isTarget ? "◎ " : ""}
          {cellNumber(code)}
        </button>
        {known?.kind === "dedicated" ? (
          <small class="soft"> {t("benchDedicated")}</small>
        ) : known?.today !== true ? (
          <small class="soft"> {t("benchNew")}</small>
        ) : null}
        {pieces > 1 ? (
          <small class="bench-pieces" title={t("benchPiecesHint")}>
            ✕ {t("benchPieces", { n: pieces })}
          </small>
        ) : null}
      </th>
      <td class="bench-deviation">
        {free ? (
          <>
            <DeviationBar deviation={deviation} />
            <span class="tabular" data-figure="deviation">
              {deviationText(deviation)}
            </span>
          </>
        ) : (
          <span class="soft">{t("benchNotCounted")}</span>
        )}
      </td>
      <td class="tabular" data-figure="load">
        {number(cell.load)}
      </td>
      <td class="tabular" data-figure="households">
        {number(cell.households)}
      </td>
      <td class="tabular" data-figure="incidents">
        {number(cell.incidents)}
      </td>
      <td class="tabular" data-figure="compactness">
        {cell.compactness.toFixed(2)}
      </td>
      <td>
        <button
          type="button"
          class={`bench-lock ${locked ? "on" : ""}`}
          aria-pressed={locked}
          aria-label={t(locked ? "benchUnlock" : "benchLock", { cell: cellNumber(code) })}
          title={t(locked ? "benchUnlock" : "benchLock", { cell: cellNumber(code) })}
          disabled={!canEdit.value || busy.value || !known || known.kind === "dedicated"}
          onClick={() => void setLock(code, !locked)}
        >
          <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
            <path
              d={
                locked
                  ? "M4.500 9h11v7.500h-11zM7 9V6.500a3 3 0 0 1 6 0V9"
                  : "M4.500 9h11v7.500h-11zM7 9V6.500a3 3 0 0 1 5.700-1.300"
              }
            />
          </svg>
        </button>
      </td>
    </tr>
  );
}
