/**
 * Whether somebody is at the screen. The server ends a session that nobody uses; what the page fetches by itself (live
 * figures, retries) says so, and somebody who only reads and types is told to the server now and then.
 */

/** A request this long after the last touch was not caused by it. */
export const ATTENDED_MS = 20_000;
/** Much less than the server's fifteen minutes. */
const TELL_EVERY_MS = 120_000;
const LOOK_EVERY_MS = 15_000;
const TOUCHES = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart", "focusin"] as const;

let lastTouch = 0;

/** Headers for a request at `now` (ms, the clock of performance.now): none when a person caused it. */
export function presenceHeaders(now: number = performance.now()): Record<string, string> {
  return now - lastTouch <= ATTENDED_MS ? {} : { "X-Minqing-Background": "1" };
}

/** Somebody touched the page at `now`. */
export function touched(now: number = performance.now()): void {
  lastTouch = now;
}

/** Whether the server should hear that somebody is here: touched since it was told, and that is a while ago. */
export function isWorthTelling(touchedAt: number, toldAt: number, now: number): boolean {
  return touchedAt > toldAt && now - toldAt >= TELL_EVERY_MS;
}

/** Watch for touches from now on; `tell` is called while somebody is here, every two minutes at most. */
export function watchPresence(tell: () => void): void {
  for (const touch of TOUCHES) window.addEventListener(touch, () => touched(), { passive: true, capture: true });
  let toldAt = performance.now();
  window.setInterval(() => {
    if (!isWorthTelling(lastTouch, toldAt, performance.now())) return;
    toldAt = performance.now();
    tell();
  }, LOOK_EVERY_MS);
}
