/**
 * Plays the song and a sound for every hit, on the audio clock. The next 1.5 s are always
 * scheduled: with less, a busy notebook would drop clicks.
 */

import { type Beats, countIn } from "../core/beats";
import { clamp } from "../core/time";
import { type Chunks, RATE } from "./audio-chunks";
import { Mixer } from "./mixer";
import type { Prepared, Ready } from "./prepared";
import { chunksIn, hitsIn, type Range, type Segment, Transport } from "./transport";

const AHEAD = 1.5 * RATE;
const EVERY_MS = 200;
/** Samples from scheduling to sounding, so that nothing is scheduled in the past. */
const LEAD = 0.06 * RATE;
/** Lead that is long enough on any machine. */
const MOST_LEAD = 2 * RATE;
const FADE = 0.004;

/** Slowest and fastest, relative to the song's own speed. */
export const SPEEDS = [0.5, 1.5] as const;

export interface Sounding {
  readonly time: number;
  readonly drum: string;
  readonly velocity: number;
}

interface Click {
  readonly node: AudioBufferSourceNode;
  readonly at: number;
}

interface Run {
  readonly transport: Transport;
  readonly song: GainNode;
  /** Its inputs: the song, and the song without its drums. */
  readonly parts: readonly GainNode[];
  readonly sources: { node: AudioBufferSourceNode; until: number }[];
  struck: Click[];
  /** Clicks that count it in. */
  readonly counted: Click[];
  /** Chunks that have not been loaded yet. */
  waiting: ReturnType<typeof chunksIn>;
}

export class Player {
  readonly #chunks: Chunks | null;
  /** Prepares chunks for other speeds, and mixes in the song without its drums. */
  prepared: Prepared | null = null;
  readonly #changed: () => void;
  readonly mixer = new Mixer();
  loop: Range | null = null;
  /** Offset of the drawn playhead in seconds, for headphones with latency. */
  visualOffset = 0;
  #run: Run | null = null;
  #timer = 0;
  /** Counts plays and pauses, so that only the latest takes effect. */
  #wishes = 0;
  #rest = 0;
  #hits: readonly Sounding[] = [];
  #samples = new Float64Array(0);
  #beats: Beats = [];
  #beatSamples = new Float64Array(0);
  #speed = 1;
  /** Whether the metronome clicks, and whether a bar is counted in. */
  #metronome = false;
  #drums = 1;
  #hasDrumless = false;
  countsIn = false;

  constructor(
    readonly duration: number,
    chunks: Chunks | null,
    changed: () => void,
  ) {
    this.#chunks = chunks;
    this.#changed = changed;
  }

  get playing(): boolean {
    return this.#run !== null;
  }

  get speed(): number {
    return this.#speed;
  }

  get metronome(): boolean {
    return this.#metronome;
  }

  /** The separate outputs of song and hits, for measurements. */
  get buses() {
    return this.mixer.graph;
  }

  /** The position that sounds now, in seconds. */
  get position(): number {
    const context = this.mixer.graph?.context;
    if (!this.#run || !context) return this.#rest;
    const heard = this.#run.transport.songAt(this.#heardFrame(context)) / RATE;
    return clamp(heard, 0, this.duration);
  }

  /** The position at which the playhead is drawn. */
  get seen(): number {
    const time = this.position + (this.#run ? this.visualOffset * this.#speed : 0);
    return clamp(time, 0, this.duration);
  }

  #heardFrame(context: AudioContext): number {
    const { contextTime = 0, performanceTime = 0 } = context.getOutputTimestamp?.() ?? {};
    const now = contextTime + (performance.now() - performanceTime) / 1000;
    // Some browsers return nothing yet, or nonsense just after a resume.
    const usable = contextTime > 0 && Math.abs(now - context.currentTime) < 0.5;
    return (usable ? now : context.currentTime) * RATE;
  }

  async play(): Promise<void> {
    const { context } = this.mixer.open();
    const wish = ++this.#wishes;
    await context.resume().catch(() => 0); // the context may have been closed
    if (this.#run || context.state !== "running" || wish !== this.#wishes) return;
    const { loop } = this;
    // Behind the loop, playing would never come to it.
    const end = loop ? loop.end / RATE : this.duration - 0.01;
    if (this.#rest >= end) this.#rest = loop ? loop.start / RATE : 0;
    const from = Math.round(this.#rest * RATE);
    if (this.countsIn) this.#countIn(from);
    else this.#begin(from);
  }

  /** Play a bar of clicks at the local tempo, and then the song. */
  #countIn(from: number): void {
    const clicks = countIn(this.#beats, this.#rest).map(
      ([before, isBar]) => [Math.round((before / this.#speed) * RATE), isBar] as const,
    );
    if (!clicks.length) {
      this.#begin(from);
      return;
    }
    const begin = this.#frame() + Math.ceil(LEAD) + clicks[0][0];
    this.#begin(from, begin);
    for (const [before, isBar] of clicks) {
      const at = begin - before;
      this.#run?.counted.push({ node: this.mixer.tick(isBar, at / RATE), at });
    }
  }

  setMetronome(on: boolean): void {
    this.#metronome = on;
    this.#replan();
    this.#changed();
  }

  setBeats(beats: Beats): void {
    this.#beats = beats;
    this.#beatSamples = Float64Array.from(beats, ([time]) => Math.round(time * RATE));
    this.#replan();
  }

  pause(): void {
    this.#wishes++; // cancels a play that is still starting
    if (!this.#run) return;
    this.#rest = this.position;
    this.#end(this.#run, this.#frame() + 0.02 * RATE);
    this.#run = null;
    clearInterval(this.#timer);
    this.#changed();
  }

  seek(seconds: number): void {
    this.#rest = clamp(seconds, 0, this.duration);
    if (this.#run) this.#begin(Math.round(this.#rest * RATE));
    this.#changed();
  }

  /** Set the loop in seconds, or none; it is sample-exact from the next round on. */
  setLoop(range: { start: number; end: number } | null): void {
    this.loop = range && {
      start: Math.round(range.start * RATE),
      end: Math.round(range.end * RATE),
    };
    this.#restart();
  }

  /** Level of the drums in the song, 0 to 1; heard once the song without them is loaded. */
  get drums(): number {
    return this.#drums;
  }

  setDrums(level: number): void {
    this.#drums = level;
    const now = this.mixer.graph?.context.currentTime ?? 0;
    this.#run?.parts.forEach(({ gain }, k) =>
      gain.setTargetAtTime(this.#partLevels[k], now, 0.005),
    );
  }

  /** Levels of the song, and of the song without its drums; their sum is 1. */
  get #partLevels(): [number, number] {
    return this.#hasDrumless ? [this.#drums, 1 - this.#drums] : [1, 0];
  }

  /** Add the song without its drums, to be mixed with the song. */
  setDrumless(drumless: Chunks): void {
    this.#hasDrumless = true;
    this.prepared?.setDrumless(drumless);
    this.#restart();
  }

  /** Set the speed; the pitch is kept. A recording at another speed needs `prepared`. */
  setSpeed(speed: number): void {
    if (speed === this.#speed) return;
    const { position } = this;
    this.#speed = clamp(speed, ...SPEEDS);
    this.prepared?.setSpeed(this.#speed);
    this.seek(position);
  }

  /** Set the hits, sorted by time; they sound from now on. */
  setHits(hits: readonly Sounding[]): void {
    this.#hits = hits;
    this.#samples = new Float64Array(hits.length);
    for (let i = 0; i < hits.length; i++) this.#samples[i] = Math.round(hits[i].time * RATE);
    if (this.#speed !== 1) this.prepared?.forget();
    this.#replan();
  }

  setKit(kit: Mixer["mix"]["kit"]): void {
    this.mixer.setKit(kit);
    this.#replan();
  }

  /** Play a single hit, for feedback. */
  audition(drum: string, velocity: number): void {
    const { context } = this.mixer.open();
    if (context.state !== "running" || this.#run) return;
    this.mixer.strike(drum, velocity, context.currentTime, true);
  }

  /** Schedule a chunk that has just been loaded. */
  arrived(index: number): void {
    const run = this.#run;
    const context = this.mixer.graph?.context;
    // Prepared before the clock is read, as in `#prepare`.
    if (!run || !context || !this.#ready(index)) return;
    const ready = run.waiting.filter((piece) => piece.chunk === index);
    run.waiting = run.waiting.filter((piece) => piece.chunk !== index);
    for (const piece of ready) {
      const late = Math.max(this.#frame() + 2 * LEAD - piece.at, 0);
      if (late >= piece.length) continue;
      this.#sing(run, {
        ...piece,
        at: piece.at + late,
        offset: piece.offset + late,
        length: piece.length - late,
      });
    }
  }

  close(): void {
    this.pause();
    this.mixer.close();
  }

  #frame(): number {
    return Math.round((this.mixer.graph?.context.currentTime ?? 0) * RATE);
  }

  #restart(): void {
    const { loop } = this;
    const transport = this.#run?.transport;
    if (transport) {
      this.#prepare(transport.songAt(this.#frame()));
      // What is being counted in still begins when the count is over.
      const at = Math.max(Math.ceil(this.#frame() + LEAD), transport.begin);
      const { begin, from } = transport;
      const next = at > begin ? Math.round(transport.songAt(at)) : from;
      this.#begin(loop && next >= loop.end ? loop.start : next, at);
    } else this.#changed();
  }

  /** Prepare the first chunks before the clock is read, since stretching takes a while. */
  #prepare(from: number): void {
    const chunks = this.#chunks;
    if (!chunks) return;
    const places = [from, from + AHEAD * this.#speed, ...(this.loop ? [this.loop.start] : [])];
    for (const index of new Set(places.map((at) => Math.floor(at / chunks.info.chunk))))
      this.#ready(index);
  }

  /** Return a chunk, or null if it is not loaded. */
  #ready(index: number): Ready | null {
    if (this.prepared) return this.prepared.get(this.mixer.open().context, index, this.#samples);
    const buffer = this.#chunks?.get(index);
    return buffer && this.#chunks ? { buffers: [buffer], margin: this.#chunks.info.margin } : null;
  }

  /** Start playing from a sample of the song; what sounded before ends. */
  #begin(from: number, wanted?: number, lead = 3 * LEAD): void {
    const { context, song: gain } = this.mixer.open();
    this.#prepare(from);
    const at = Math.ceil(wanted ?? this.#frame() + LEAD);
    if (this.#run) this.#end(this.#run, at);
    const song = new GainNode(context);
    song.connect(gain);
    const parts = this.#partLevels.map((level) => {
      const part = new GainNode(context, { gain: level });
      part.connect(song);
      return part;
    });
    const length = Math.round(this.duration * RATE);
    const transport = new Transport(at, from, length, 1 / this.#speed, this.loop);
    const counted = this.#run?.counted ?? [];
    this.#run = { transport, song, parts, sources: [], struck: [], counted, waiting: [] };
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#pump(), EVERY_MS);
    this.#pump();
    // Scheduling took most of the lead on a busy machine: try again with more, or sounds come late.
    if (this.#frame() >= at - LEAD / 2 && lead < MOST_LEAD) {
      for (const { node } of this.#run.struck) node.stop();
      this.#run.song.disconnect();
      this.#begin(from, this.#frame() + lead, 2 * lead);
    } else this.#changed();
  }

  /** Stop at a frame; hits that have begun ring out. */
  #end(run: Run, at: number): void {
    const seconds = at / RATE;
    run.song.gain.setValueAtTime(1, Math.max(seconds - FADE, 0));
    run.song.gain.linearRampToValueAtTime(0, seconds);
    for (const { node } of run.sources) node.stop(seconds);
    for (const click of [...run.struck, ...run.counted]) if (click.at >= at) click.node.stop();
    setTimeout(() => run.song.disconnect(), 500);
  }

  #pump(): void {
    const run = this.#run;
    const context = this.mixer.graph?.context;
    if (!run || !context) return;
    const { transport } = run;
    const now = this.#frame();
    if (transport.end < now && !transport.done) {
      // The page was asleep for longer than was scheduled: resume from here.
      this.#begin(Math.round(transport.songAt(transport.end)));
      return;
    }
    for (const segment of transport.plan(now + AHEAD)) {
      this.#song(run, segment);
      this.#click(run, segment, 0);
    }
    transport.forget(now - RATE);
    run.struck = run.struck.filter(({ at }) => at > now - 2 * RATE);
    while (run.sources.length && run.sources[0].until < now) run.sources.shift();
    if (transport.done && this.#heardFrame(context) >= transport.end) {
      this.pause();
      this.#rest = this.duration;
      this.#changed();
    }
  }

  #song(run: Run, segment: Segment): void {
    if (!this.#chunks) return;
    const { chunk } = this.#chunks.info;
    for (const piece of chunksIn(segment, chunk, run.transport.stretch)) this.#sing(run, piece);
  }

  #sing(run: Run, piece: ReturnType<typeof chunksIn>[number]): void {
    const { context } = this.mixer.open();
    const ready = this.#ready(piece.chunk);
    if (!ready) {
      run.waiting.push(piece);
      return;
    }
    ready.buffers.forEach((buffer, k) => {
      const node = new AudioBufferSourceNode(context, { buffer });
      node.connect(run.parts[k]);
      node.start(piece.at / RATE, (piece.offset + ready.margin) / RATE, piece.length / RATE);
      run.sources.push({ node, until: piece.at + piece.length });
    });
  }

  #click(run: Run, segment: Segment, notBefore: number): void {
    const { stretch } = run.transport;
    for (const [index, at] of hitsIn(segment, this.#samples, stretch)) {
      if (at < notBefore) continue;
      const { drum, velocity } = this.#hits[index];
      run.struck.push({ node: this.mixer.strike(drum, velocity, at / RATE), at });
    }
    if (!this.#metronome) return;
    for (const [index, at] of hitsIn(segment, this.#beatSamples, stretch)) {
      if (at < notBefore) continue;
      const node = this.mixer.tick(this.#beats[index][1] === 1, at / RATE);
      run.struck.push({ node, at });
    }
  }

  /** Schedule the hits again that have not begun. */
  #replan(): void {
    const run = this.#run;
    if (!run) return;
    const from = this.#frame() + LEAD / 2;
    for (const { node } of run.struck.filter(({ at }) => at >= from)) node.stop();
    run.struck = run.struck.filter(({ at }) => at < from);
    for (const segment of run.transport.segments) this.#click(run, segment, from);
  }
}
