/** Corrections of bars, meter and tempo. */

import {
  countedOf,
  LEAST_S,
  MOST_S,
  nearestBeat,
  spacing,
  statedPart,
  type Timing,
  type TimingOp,
} from "../core/bars";
import { barAndBeat, beatsPerBar } from "../core/beats";
import type { Change, Op } from "../core/edits";
import { beatsOfTaps, LEAST_TAPS, PATIENCE_S, tapped } from "../core/tap";
import type { Player } from "../sound/player";

/** The part of the session that is used here. */
export interface Corrected {
  readonly player: Player;
  readonly timing: Timing;
  /** The meter at the playhead. */
  readonly meter: string | null;
  readonly hits: readonly Change[];
  readonly range: { readonly start: number; readonly end: number } | null;
  do(ops: readonly Op[]): void;
  say(text: string): void;
}

export class BarEdits {
  readonly #session: Corrected;
  #taps: number[] = [];
  #waiting = 0;

  constructor(session: Corrected) {
    this.#session = session;
  }

  #do(op: TimingOp, done: string): void {
    const session = this.#session;
    if (op.op !== "beats" && !session.timing.beats.length) {
      session.say("No beats yet: play the song and tap them");
      return;
    }
    session.do([op]);
    session.say(done);
  }

  /** Start a bar at the beat nearest to a time. */
  start(time: number): void {
    const session = this.#session;
    this.#do({ op: "bar", time }, "");
    const { beats } = session.timing;
    const beat = beats[nearestBeat(beats.length, (k) => beats[k][0], time)];
    if (beat) session.say(`Bar ${barAndBeat(beats, beat[0]).split(".")[0]} starts here`);
  }

  scale(factor: 2 | 0.5): void {
    const { beats } = this.#session.timing;
    const beat = spacing(beats) / factor;
    if (beats.length && (beat < LEAST_S || beat > MOST_S)) {
      this.#session.say(factor === 2 ? "The tempo cannot be faster" : "The tempo cannot be slower");
      return;
    }
    this.#do({ op: "tempo", factor }, factor === 2 ? "Twice the tempo" : "Half the tempo");
  }

  /** Set the meter of the selection, or of the whole song. */
  setMeter(meter: string): void {
    const { range } = this.#session;
    const where = range ? "in the selection" : "everywhere";
    this.#do({ op: "meter", meter, ...range }, `${meter} ${where}`);
  }

  /**
   * Record a tap on the beat at a position. When no other tap follows, the taps become the
   * song's beats.
   */
  tap(now: number): void {
    const session = this.#session;
    const { player } = session;
    if (!player.playing) {
      session.say("Play the song and tap the beats, starting on a 1");
      return;
    }
    const last = this.#taps[this.#taps.length - 1];
    if (now <= last || now - last > PATIENCE_S) this.#taps = [];
    this.#taps.push(now);
    clearTimeout(this.#waiting);
    const count = this.#taps.length;
    if (count < LEAST_TAPS) {
      session.say(`${count} taps; at least ${LEAST_TAPS} are needed`);
      return;
    }
    session.say(`${count} taps: ${this.#pulse(this.#taps)}`);
    this.#waiting = setTimeout(() => this.#tapped(), (1000 * PATIENCE_S) / player.speed);
  }

  #tapped(): void {
    const session = this.#session;
    const taps = this.#taps;
    this.#taps = [];
    const { meter } = session;
    const perBar = meter ? countedOf(meter) : beatsPerBar(session.timing.beats, taps[0]);
    const hits = session.hits.map(({ time }) => time);
    const beats = beatsOfTaps(taps, hits, session.player.duration, perBar);
    this.#do({ op: "beats", beats }, `${this.#pulse(taps)} from ${taps.length} taps`);
  }

  #pulse(taps: readonly number[]): string {
    const part = statedPart(this.#session.meter);
    return `${Math.round((60 * part) / tapped(taps).beat)} BPM`;
  }
}
