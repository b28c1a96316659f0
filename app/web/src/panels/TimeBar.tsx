/** The time window: presets, custom bounds, a histogram to brush on, and the way back to now. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../i18n";
import { backToNow } from "../state/actions";
import { histogram } from "../state/data";
import { serverNow } from "../state/livefeed";
import { timeWindow } from "../state/store";
import { customWindow, isLive, PRESETS, resolveWindow } from "../state/window";
import { fromLocalInput, moment, number, span, toLocalInput } from "../ui/format";
import { Icon } from "../ui/icons";
import { Segments } from "../ui/Segments";
import { Brush } from "./Brush";

const custom = signal(false);

export function TimeBar(): JSX.Element {
  const window = timeWindow.value;
  const { data } = histogram.value.value;
  return (
    <section class="timebar" aria-label={t("time")}>
      <div class="time-choices">
        <Segments
          label={t("time")}
          id="time-presets"
          options={PRESETS.map((preset) => ({ value: preset, text: t(`window_${preset}`) }))}
          value={isLive(window) ? window : null}
          onChange={(preset) => {
            timeWindow.value = preset;
            custom.value = false;
          }}
          extra={
            <button
              type="button"
              class={isLive(window) ? "" : "chosen"}
              aria-expanded={custom.value}
              onClick={() => (custom.value = !custom.value)}
            >
              {t("windowCustom")}
            </button>
          }
        />
        <div class="time-text tabular">
          {isLive(window) ? null : (
            <span>
              {moment(window.since, serverNow())} – {moment(window.until, serverNow())}
            </span>
          )}
          {data ? (
            <span class="soft">
              {t("brushTotal", { n: number(data.total) })} · {t("brushBucket", { span: span(data.bucket_s) })}
            </span>
          ) : null}
          {isLive(window) ? null : (
            <button type="button" class="button small" onClick={backToNow}>
              <Icon name="now" />
              {t("backToNow")}
            </button>
          )}
        </div>
      </div>
      <Brush />
      {custom.value ? <CustomBounds /> : null}
    </section>
  );
}

function CustomBounds(): JSX.Element {
  const now = serverNow();
  const bounds = resolveWindow(timeWindow.peek(), now);
  const [from, setFrom] = useState(toLocalInput(bounds.since));
  const [to, setTo] = useState(toLocalInput(bounds.until ?? now));
  const apply = (): void => {
    const since = fromLocalInput(from);
    const until = fromLocalInput(to);
    if (since === null || until === null) return;
    timeWindow.value = customWindow(since, until, serverNow());
    custom.value = false;
  };
  return (
    <form
      class="custom-window"
      onSubmit={(event) => {
        event.preventDefault();
        apply();
      }}
    >
      <label>
        {t("windowFrom")}
        <input type="datetime-local" value={from} onInput={(event) => setFrom(event.currentTarget.value)} />
      </label>
      <label>
        {t("windowTo")}
        <input type="datetime-local" value={to} onInput={(event) => setTo(event.currentTarget.value)} />
      </label>
      <button type="submit" class="button primary small">
        {t("apply")}
      </button>
      <button type="button" class="button small" onClick={() => (custom.value = false)}>
        {t("cancel")}
      </button>
    </form>
  );
}
