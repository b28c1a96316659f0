/** The tools with their keys, what the one in hand waits for, and what waits to be accepted. */
import type { JSX } from "preact";
import { t, type TextKey } from "../../../i18n";
import { cellNumber } from "../../../state/codes";
import { number } from "../../../ui/format";
import { Refused } from "../../../ui/Refused";
import { accept, cancelPending, edits, mend, redo, resetCell, setLock, undo } from "../bench/actions";
import { figures } from "../bench/figures";
import { canDoAgain, canTakeBack } from "../bench/history";
import {
  aim,
  breaking,
  broken,
  drawing,
  live,
  notice,
  pending,
  pendingMoves,
  target,
  waitingElsewhere,
} from "../bench/store";
import { areaLabel } from "../panels/names";
import { problems } from "../panels/measures";
import { canEdit, openBench, openedPlan, tool } from "../state";
import {
  BRUSHES_PX,
  brush,
  busy,
  first,
  forgetNotice,
  problemAt,
  rectangle,
  splitFirst,
  stepProblem,
  take,
  TOOL_LIST,
  useOnCell,
  widerBrush,
} from "./tools";
import { ToolIcon } from "./ToolIcon";

export function ToolBar(): JSX.Element {
  return (
    <>
      <Pending />
      <div class="tools" role="toolbar" aria-label={t("tools")}>
        {TOOL_LIST.map(({ name, key, titleKey, hintKey }) => (
          <button
            key={name}
            type="button"
            class="button small tool"
            data-tool={name}
            aria-pressed={tool.value === name}
            disabled={!canEdit.value && name !== "pick"}
            title={`${t(titleKey)} (${key.toUpperCase()})\n${t(hintKey)}`}
            onClick={() => take(name)}
          >
            <ToolIcon name={name === "lasso" && rectangle.value ? "rectangle" : name} />
            <span>{t(name === "lasso" && rectangle.value ? "toolRectangle" : titleKey)}</span>
            <kbd aria-hidden="true">{key.toUpperCase()}</kbd>
          </button>
        ))}
      </div>
      <div class="tools" role="group" aria-label={t("toolHistory")}>
        <button
          type="button"
          class="button small only-icon"
          aria-label={t("toolUndo")}
          title={`${t("toolUndo")} (Ctrl+Z)`}
          disabled={!mayUndo()}
          onClick={() => void undo()}
        >
          <ToolIcon name="undo" />
        </button>
        <button
          type="button"
          class="button small only-icon"
          aria-label={t("toolRedo")}
          title={`${t("toolRedo")} (Ctrl+Shift+Z)`}
          disabled={!mayRedo()}
          onClick={() => void redo()}
        >
          <ToolIcon name="redo" />
        </button>
      </div>
      <Stepper />
    </>
  );
}

const mayUndo = (): boolean =>
  !busy.value && canEdit.value && (canTakeBack(pending.value) || (openedPlan.value?.can_undo ?? false));
const mayRedo = (): boolean =>
  !busy.value &&
  canEdit.value &&
  (canDoAgain(pending.value) || (pendingMoves.value.size === 0 && (openedPlan.value?.can_redo ?? false)));

function Stepper(): JSX.Element {
  const list = problems.value.value.data?.problems ?? [];
  const total = number(problems.value.value.data?.total ?? 0);
  const at = problemAt.value;
  return (
    <div class="tools" role="group" aria-label={t("toolProblems")}>
      <button
        type="button"
        class="button small only-icon"
        aria-label={t("toolProblemBefore")}
        title={`${t("toolProblemBefore")} (Shift+N)`}
        disabled={list.length === 0}
        onClick={() => stepProblem(-1)}
      >
        <ToolIcon name="before" />
      </button>
      <button
        type="button"
        class="button small"
        title={`${t("toolProblemNext")} (N)`}
        disabled={list.length === 0}
        onClick={() => stepProblem(1)}
      >
        {t("toolProblemNext")}{" "}
        <span class="tabular soft">{at >= 0 && at < list.length ? `${at + 1}/${total}` : total}</span>{" "}
        <kbd aria-hidden="true">N</kbd>
      </button>
    </div>
  );
}

const NOTICES: Readonly<Record<NonNullable<typeof notice.value>["kind"], TextKey>> = {
  conflict: "toolConflict",
  mended: "toolMended",
  nothing: "toolNothing",
  dropped: "toolDropped",
};

/** The line above the tools: a refusal, a warning, what is pending, or what the tool in hand waits for. */
function Pending(): JSX.Element {
  const problem = edits.problem.value;
  const told = notice.value;
  return (
    <div class="tool-line" role="status">
      {problem ? (
        <span class="tool-refused">
          {problem.offline ? (
            <span role="alert" class="refused">
              {t("toolOffline")}
            </span>
          ) : (
            <Refused problem={problem} />
          )}
          <button type="button" class="button small" onClick={edits.forget}>
            {t("close")}
          </button>
        </span>
      ) : null}
      {told ? (
        <span class="tool-note">
          {t(NOTICES[told.kind], { n: told.n ?? 0 })}{" "}
          <button type="button" class="link" onClick={forgetNotice}>
            {t("close")}
          </button>
        </span>
      ) : null}
      <Waiting />
      {waitingElsewhere.value.map((code) => (
        <button key={code} type="button" class="link tool-elsewhere" onClick={() => openBench(code)}>
          <i class="plan-hatch waiting" /> {t("toolElsewhere", { area: areaLabel(code) })}
        </button>
      ))}
    </div>
  );
}

function Waiting(): JSX.Element {
  const moves = pendingMoves.value;
  const now = live.value;
  const cut = breaking.value;
  const lies = broken.value;
  if (moves.size > 0 && now) {
    const households = now.drawing.bench.units.reduce(
      (sum, unit) => sum + (moves.has(unit.unit_id) ? unit.households : 0),
      0,
    );
    return (
      <>
        <span class="tool-pending">
          <i class="plan-hatch waiting" /> {t("toolPending", { n: number(moves.size), h: number(households) })}
        </span>
        {cut.length > 0 ? (
          <span class="tool-warning" role="alert">
            ✕ {t("toolBreaks", { cells: cut.map(cellNumber).join(t("comma")) })}
          </span>
        ) : null}
        <button type="button" class="button primary small" disabled={busy.value} onClick={() => void accept()}>
          {t("toolAccept")} <kbd aria-hidden="true">Enter</kbd>
        </button>
        {cut.length > 0 ? (
          <button type="button" class="button small" disabled={busy.value} onClick={() => void mend()}>
            {t("toolAcceptMend")}
          </button>
        ) : null}
        <button type="button" class="button small" onClick={cancelPending}>
          {t("toolCancel")} <kbd aria-hidden="true">Esc</kbd>
        </button>
      </>
    );
  }
  if (lies.length > 0 && canEdit.value) {
    return (
      <>
        <span class="tool-warning" role="alert">
          ✕ {t("toolBroken", { cells: lies.map(cellNumber).join(t("comma")) })}
        </span>
        <button type="button" class="button small" disabled={busy.value} onClick={() => void mend()}>
          {t("toolMend")}
        </button>
        <Hint />
      </>
    );
  }
  return <Hint />;
}

/** What the tool in hand waits for. */
function Hint(): JSX.Element | null {
  const name = tool.value;
  const drawn = drawing.value;
  const chosen = first.value;
  if (!openedPlan.value) return null;
  if (!drawn || !canEdit.value)
    return <span class="soft">{t(canEdit.value ? "benchNoneHint" : "planMapReadOnly")}</span>;
  if (name === "split") {
    if (chosen === 0) return <CellChoice label={t("toolSplitWhich")} />;
    return (
      <button type="button" class="button primary small" disabled={busy.value} onClick={splitFirst}>
        {t("toolSplitSure", { cell: cellNumber(chosen) })}
      </button>
    );
  }
  if (name === "merge")
    return <CellChoice label={chosen === 0 ? t("toolMergeWhich") : t("toolMergeInto", { cell: cellNumber(chosen) })} />;
  if (name === "lock") return <Locks />;
  return (
    <span class="tool-hint">
      <span>
        {target.value === 0
          ? t("toolTargetNone")
          : t(isNew(target.value) ? "toolTargetNew" : "toolTarget", { cell: cellNumber(target.value) })}
      </span>
      {drawn.fresh === 0 || target.value === drawn.fresh ? null : (
        <button type="button" class="button small" title={t("toolNewCellHint")} onClick={() => aim(drawn.fresh)}>
          + {t("toolNewCell")}
        </button>
      )}
      {target.value !== 0 && changed(target.value) ? (
        <button type="button" class="button small" disabled={busy.value} onClick={() => void resetCell(target.value)}>
          {t("benchReset")}
        </button>
      ) : null}
      {name === "brush" ? (
        <span class="tool-size">
          {t("toolBrushSize")}
          <button
            type="button"
            class="button small only-icon"
            aria-label={t("toolBrushSmaller")}
            title="["
            disabled={brush.value === 0}
            onClick={() => widerBrush(-1)}
          >
            −
          </button>
          <span class="tabular">
            {brush.value + 1}/{BRUSHES_PX.length}
          </span>
          <button
            type="button"
            class="button small only-icon"
            aria-label={t("toolBrushWider")}
            title="]"
            disabled={brush.value === BRUSHES_PX.length - 1}
            onClick={() => widerBrush(1)}
          >
            +
          </button>
        </span>
      ) : null}
      {name ? (
        <span class="soft">{t(TOOL_LIST.find((one) => one.name === name)?.hintKey ?? "toolPickHint")}</span>
      ) : null}
    </span>
  );
}

/** Whether a cell is not there yet. */
function isNew(cell: number): boolean {
  return cell !== 0 && cell === drawing.value?.fresh;
}

/** Whether a cell's units are others than today. */
function changed(cell: number): boolean {
  return figures.value.data?.cells.get(cell)?.changed ?? false;
}

/** Cells by their number, for whoever does not use the pointer. */
function CellChoice({ label }: { label: string }): JSX.Element {
  const cells = live.value?.figures.cells ?? [];
  return (
    <label class="tool-choice">
      {label}
      <select
        value=""
        onChange={(event) => {
          if (event.currentTarget.value !== "") useOnCell(Number(event.currentTarget.value));
          event.currentTarget.value = "";
        }}
      >
        <option value="">{t("toolCellOnMap")}</option>
        {cells
          .filter(({ code }) => code !== first.value && !(drawing.value?.isLocked(code) ?? true))
          .map(({ code }) => (
            <option key={code} value={String(code)}>
              {cellNumber(code)}
            </option>
          ))}
      </select>
    </label>
  );
}

/** Locks of the whole: every cell of the community, or of the plan. */
function Locks(): JSX.Element {
  const opened = openedPlan.value;
  const code = drawing.value?.bench.code ?? 0;
  const area = opened?.area_code ?? 0;
  const isLocked = (what: number): boolean => opened?.locks.includes(what) ?? false;
  return (
    <span class="tool-hint">
      <span>{t("toolLockHint")}</span>
      <button
        type="button"
        class="button small"
        disabled={busy.value}
        onClick={() => void setLock(code, !isLocked(code))}
      >
        {t(isLocked(code) ? "toolUnlockCommunity" : "toolLockCommunity")}
      </button>
      {area !== code ? (
        <button
          type="button"
          class="button small"
          disabled={busy.value}
          onClick={() => void setLock(area, !isLocked(area))}
        >
          {t(isLocked(area) ? "toolUnlockAll" : "toolLockAll")}
        </button>
      ) : null}
    </span>
  );
}
