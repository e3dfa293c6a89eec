/** The visible part of the song: converts seconds to pixels and back, zooms, scrolls. */

export interface Viewport {
  /** Time at the left edge, seconds. */
  readonly start: number;
  /** Pixels per second. */
  readonly scale: number;
  /** Width in pixels. */
  readonly width: number;
  /** Duration of the song in seconds. */
  readonly duration: number;
}

/** Limit a value to `low` … `high`. */
export const clamp = (value: number, low: number, high: number): number =>
  Math.min(Math.max(value, low), high);

/** Closest zoom: a sample at 44.1 kHz is a tenth of a pixel. */
export const MAX_SCALE = 4410;

export const timeAt = (view: Viewport, x: number): number => view.start + x / view.scale;

export const xAt = (view: Viewport, time: number): number => (time - view.start) * view.scale;

export const seen = (view: Viewport): number => view.width / view.scale;

/** Limit a view to the song and to the range of zoom. */
export function within(view: Viewport): Viewport {
  const least = view.width / Math.max(view.duration, 0.01);
  const scale = clamp(view.scale, least, Math.max(MAX_SCALE, least));
  const last = Math.max(0, view.duration - view.width / scale);
  return { ...view, scale, start: clamp(view.start, 0, last) };
}

export const whole = (width: number, duration: number): Viewport =>
  within({ start: 0, scale: 0, width, duration });

/** Zoom by a factor; the time under x stays under x. */
export function zoom(view: Viewport, factor: number, x: number): Viewport {
  const time = timeAt(view, x);
  const { scale } = within({ ...view, scale: view.scale * factor });
  return within({ ...view, scale, start: time - x / scale });
}

export const scroll = (view: Viewport, pixels: number): Viewport =>
  within({ ...view, start: view.start + pixels / view.scale });

/** Show from a to b, with a little room at both sides. */
export function fit(view: Viewport, a: number, b: number): Viewport {
  const room = Math.max((b - a) * 0.05, 0.02);
  const scale = view.width / (b - a + 2 * room);
  return within({ ...view, scale, start: a - room });
}

/** Move the least that shows a time; a page further when it runs out to the right. */
export function reveal(view: Viewport, time: number): Viewport {
  const x = xAt(view, time);
  if (x >= 0 && x <= view.width) return view;
  return within({ ...view, start: time - seen(view) * (x < 0 ? 0.5 : 0.08) });
}

const STEPS = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600,
  1800, 3600,
];

/** Return the seconds between marks of the ruler that are at least `pixels` apart. */
export const rulerStep = (view: Pick<Viewport, "scale">, pixels = 80): number =>
  STEPS.find((step) => step * view.scale >= pixels) ?? 3600;

/** Format seconds as "3:07" or "1:00:02.5". */
export function clock(seconds: number, decimals = 0): string {
  const unit = 10 ** decimals;
  const total = Math.round(Math.max(seconds, 0) * unit);
  const whole = Math.floor(total / unit);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const two = (n: number) => String(n).padStart(2, "0");
  const rest = decimals ? `.${String(total % unit).padStart(decimals, "0")}` : "";
  return `${hours ? `${hours}:${two(minutes)}` : `${minutes}`}:${two(whole % 60)}${rest}`;
}

/** Return the index of the first of ascending values that is at least `value`. */
export function lowerBound(length: number, at: (index: number) => number, value: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at(middle) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
