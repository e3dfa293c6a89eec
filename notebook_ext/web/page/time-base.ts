/**
 * Where a file's sound begins, by what its container says of it. A browser's decoder
 * hands over the first audio track from its first sample on: that it starts after the
 * pictures is lost, and that another track is the default one. Of MP3 and Opus in MP4
 * Chromium leaves out the encoder's delay twice. What is told here makes it the time base
 * of `adt transcribe` and of video players.
 */

import { CONTAINER } from "../../src/core/tables";
import { matroskaTracks } from "./matroska";
import { mp4Tracks } from "./mp4";
import { countFromStart } from "./opus";

export interface TimeBase {
  /** Seconds of silence before the sound, as its pictures begin earlier. */
  readonly late: number;
  /** Seconds of what is decoded that are to be left out. */
  readonly skip: number;
  /** Which of several audio tracks is read, from 1. */
  readonly track?: { readonly number: number; readonly of: number };
}

const AT_ZERO: TimeBase = { late: 0, skip: 0 };

/** Containers round times to milliseconds and more; no video is cut that exactly. */
const { LATE_SECONDS } = CONTAINER;
/** No film has its sound an hour late: such a header is damaged. */
const { MOST_LATE_SECONDS } = CONTAINER;

/** Tell where the sound begins; bytes that would mislead the browser are changed. */
export function timeBase(data: Uint8Array): TimeBase {
  if (countFromStart(data)) return AT_ZERO;
  const tracks = mp4Tracks(data) ?? matroskaTracks(data) ?? [];
  const sounds = tracks.filter((track) => track.kind === "audio");
  if (!sounds.length) return AT_ZERO;
  const chosen = sounds.find((track) => track.isDefault) ?? sounds[0];
  if (sounds[0] !== chosen) for (const track of sounds) if (track !== chosen) track.hide();
  chosen.mend();
  const starts = tracks.flatMap((track) => track.start ?? []);
  const late = sounds.length < tracks.length ? (chosen.sounds ?? 0) - Math.min(...starts) : 0;
  const isLate = late > LATE_SECONDS && late < MOST_LATE_SECONDS;
  const track = { number: sounds.indexOf(chosen) + 1, of: sounds.length };
  return {
    late: isLate ? late : 0,
    skip: chosen.skip,
    ...(sounds.length > 1 && { track }),
  };
}
