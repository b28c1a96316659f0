/** The histogram to brush on: drag for a window, drag an edge to change it. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n";
import { fromBrush, tickTimes, toTime, type BrushScale } from "../state/brush";
import { histogram } from "../state/data";
import { serverNow } from "../state/livefeed";
import { resolvedTheme, timeWindow } from "../state/store";
import { customWindow, resolveWindow } from "../state/window";
import { clock, day, number } from "../ui/format";
import { Failed } from "../ui/states";
import { drawBrush, type BrushColours } from "./brushdraw";

const EDGE_PX = 7;
const CLICK_PX = 4;

function colours(): BrushColours {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    bar: token("text-3"),
    barOut: token("line"),
    axis: token("line"),
    text: token("text-3"),
    select: token("text"),
    font: token("font"),
  };
}

interface Drag {
  readonly anchor: number;
  readonly x: number;
  readonly moved: boolean;
}

export function Brush(): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const [height, setHeight] = useState(44);
  const [drag, setDrag] = useState<Drag | null>(null);
  const { data, error } = histogram.value.value;
  const theme = resolvedTheme.value;
  const window_ = timeWindow.value;

  useEffect(() => {
    const element = canvas.current?.parentElement;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => {
      setWidth(element.clientWidth);
      setHeight(element.clientHeight);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const scale: BrushScale | null =
    data && width > 0 ? { since: Date.parse(data.since), until: Date.parse(data.until), width } : null;

  useEffect(() => {
    const ctx = canvas.current?.getContext("2d");
    if (!canvas.current || !ctx || !scale || !data) return;
    const ratio = window.devicePixelRatio || 1;
    canvas.current.width = Math.round(width * ratio);
    canvas.current.height = Math.round(height * ratio);
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    const bounds = resolveWindow(window_, serverNow());
    const dragged = drag?.moved
      ? { since: toTime(scale, Math.min(drag.anchor, drag.x)), until: toTime(scale, Math.max(drag.anchor, drag.x)) }
      : null;
    const { at, step_ms } = tickTimes(scale);
    const daily = step_ms >= 86_400_000;
    drawBrush(
      ctx,
      height,
      {
        counts: data.counts,
        scale,
        selected: dragged ?? { since: bounds.since, until: bounds.until ?? scale.until },
        dragging: dragged !== null,
        ticks: at.map((tick) => ({
          at: tick,
          text: daily || clock(tick) === "00:00" ? day(tick).slice(5) : clock(tick),
        })),
        top: number(Math.max(0, ...data.counts)),
      },
      colours(),
    );
  }, [data, width, height, drag, theme, window_]);

  const xOf = (event: PointerEvent): number => event.clientX - (canvas.current?.getBoundingClientRect().left ?? 0);

  const down = (event: PointerEvent): void => {
    if (!scale) return;
    const x = xOf(event);
    canvas.current?.setPointerCapture(event.pointerId);
    const bounds = resolveWindow(window_, serverNow());
    const left = fromBrush(scale, bounds.since);
    const right = fromBrush(scale, bounds.until ?? scale.until);
    const anchor = Math.abs(x - left) < EDGE_PX ? right : Math.abs(x - right) < EDGE_PX ? left : x;
    setDrag({ anchor, x, moved: false });
  };
  const move = (event: PointerEvent): void => {
    if (!drag) return;
    const x = xOf(event);
    setDrag({ ...drag, x, moved: drag.moved || Math.abs(x - drag.x) > CLICK_PX });
  };
  const up = (): void => {
    if (drag?.moved && scale)
      timeWindow.value = customWindow(toTime(scale, drag.anchor), toTime(scale, drag.x), serverNow());
    setDrag(null);
  };

  return (
    <div class="brush">
      {error && !data ? (
        <Failed what="what_histogram" problem={error} retry={histogram.retry} />
      ) : (
        <canvas
          ref={canvas}
          class="brush-canvas"
          role="img"
          aria-label={t("brushHint")}
          title={t("brushHint")}
          onPointerDown={down}
          onPointerMove={move}
          onPointerUp={up}
          onPointerCancel={() => setDrag(null)}
        />
      )}
    </div>
  );
}
