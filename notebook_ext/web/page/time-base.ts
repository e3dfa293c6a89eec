/**
 * Determines when a file's sound begins, according to its container. A browser's decoder returns
 * the first audio track from its first sample on, even if it starts after the pictures or another
 * track is the default one. Chromium also skips the encoder's delay of MP3 and Opus in MP4 twice.
 * With these corrections, times agree with those of `adt transcribe` and video players.
 */

import { CONTAINER } from "../../src/core/tables";
import { matroskaTracks } from "./matroska";
import { mp4Tracks } from "./mp4";
import { countFromStart } from "./opus";

export interface TimeBase {
  /** Seconds of silence before the sound, as its pictures begin earlier. */
  readonly late: number;
  /** Seconds to skip at the beginning of the decoded sound. */
  readonly skip: number;
  /** Which of several audio tracks is read, from 1. */
  readonly track?: { readonly number: number; readonly of: number };
}

const AT_ZERO: TimeBase = { late: 0, skip: 0 };

/** Containers round times to milliseconds or worse, so smaller delays are ignored. */
const { LATE_SECONDS } = CONTAINER;
/** A header with a longer delay is damaged. */
const { MOST_LATE_SECONDS } = CONTAINER;

/** Return where the sound begins; bytes that would mislead the browser are changed. */
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
