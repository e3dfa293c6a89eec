/** Draws the strip that shows the whole song. */

import { COLUMN_RATE } from "../core/columns";
import type { Span } from "../core/edits";
import { clamp, lowerBound } from "../core/time";
import type { Session } from "../session/session";
import { block } from "./dom";
import { colourOf, type Theme } from "./theme";

/** It is drawn anew in pieces of so many pixels. */
const STEP = 60;

/**
 * Draw a stretch of the whole song in a strip: the waveform, and a row of dots per drum on
 * top.
 */
export function drawOverview(
  session: Session,
  theme: Theme,
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  { start, end }: Span,
): void {
  const { picture } = session;
  const scale = width / session.song.header.duration;
  // Steps that are whole device pixels at every usual zoom of a browser.
  const left = clamp(Math.floor((start * scale - 1) / STEP) * STEP, 0, width);
  const right = clamp(Math.ceil((end * scale + 2) / STEP) * STEP, 0, width);
  if (left >= right) return;
  block(context, theme.laneAlt, 1, left, 0, right - left, height);
  for (let x = left; x < right; x++) {
    const from = Math.floor((x / scale) * COLUMN_RATE);
    const to = Math.min(Math.ceil(((x + 1) / scale) * COLUMN_RATE), picture.columns);
    let high = 0;
    for (let c = from; c < to; c++)
      high = Math.max(high, picture.wave[2 * c + 1], -picture.wave[2 * c]);
    const tall = (high / 127) * (height - 6) * picture.gain;
    block(context, theme.wave, 0.55, x, (height - tall) / 2, 1, tall);
  }
  const row = (height - 4) / session.lanes.length;
  session.lanes.forEach((drum, lane) => {
    const colour = colourOf(theme, drum);
    let before = -1;
    const hits = session.byLane.get(drum) ?? [];
    for (let i = lowerBound(hits.length, (k) => hits[k].time, (left - 1) / scale); ; i++) {
      const x = Math.round(hits[i]?.time * scale);
      if (!(x < right)) break;
      if (x !== before && x >= left)
        block(context, colour, 0.9, x, 2 + lane * row, 1, Math.max(row - 1, 1));
      before = x;
    }
  });
}
