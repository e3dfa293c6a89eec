/**
 * The song and a sound for every hit, on the sound card's clock. What sounds in
 * the next 1.5 s is always planned: with less, a busy notebook drops clicks.
 */

import { type Beats, beatsPerBar, secondsPerBeat } from "../core/beats";
import { clamp, lowerBound } from "../core/time";
import { type Chunks, RATE } from "./audio-chunks";
import { type Kit, soundOf } from "./sounds";
import { STRETCH, stretch } from "./stretch";
import { chunksIn, hitsIn, type Range, type Segment, Transport } from "./transport";

const AHEAD = 1.5 * RATE;
const EVERY_MS = 200;
/** From a decision to the sound: what is planned must not lie in the past. */
const LEAD = 0.06 * RATE;
const FADE = 0.004;

export interface Sounding {
  readonly time: number;
  readonly drum: string;
  readonly velocity: number;
}

export interface Strip {
  mute: boolean;
  solo: boolean;
  /** 0 to 1. */
  level: number;
  /** -1 left, 1 right. */
  balance: number;
}

export interface Mix {
  song: number;
  hits: number;
  kit: Kit;
}

interface Click {
  readonly node: AudioBufferSourceNode;
  readonly at: number;
}

interface Run {
  readonly transport: Transport;
  readonly song: GainNode;
  readonly sources: { node: AudioBufferSourceNode; until: number }[];
  clicks: Click[];
  /** Pieces whose sound has not come yet. */
  waiting: ReturnType<typeof chunksIn>;
}

export class Player {
  readonly mix: Mix = { song: 0.8, hits: 0.7, kit: "drums" };
  readonly strips = new Map<string, Strip>();
  loop: Range | null = null;
  /** Added to where the playhead is drawn, seconds: for headphones that lag. */
  visualOffset = 0;
  #half = false;
  #context: AudioContext | null = null;
  #songGain: GainNode | null = null;
  #hitsGain: GainNode | null = null;
  readonly #lanes = new Map<string, { gain: GainNode; pan: StereoPannerNode }>();
  readonly #sounds = new Map<string, AudioBuffer>();
  readonly #slow = new Map<number, AudioBuffer>();
  #run: Run | null = null;
  #timer = 0;
  /** Counts plays and pauses; the last one is obeyed. */
  #wishes = 0;
  #rest = 0;
  #hits: readonly Sounding[] = [];
  #samples = new Float64Array(0);

  #beats: Beats = [];
  #beatSamples = new Float64Array(0);
  /** Whether each beat is heard, and whether a bar is counted before it plays. */
  #metronome = false;
  countsIn = false;

  constructor(
    readonly duration: number,
    private readonly chunks: Chunks | null,
    private readonly changed: () => void,
  ) {}

  get playing(): boolean {
    return this.#run !== null;
  }

  get speed(): number {
    return this.#half ? 1 / STRETCH : 1;
  }

  /** For measurements: where song and hits are heard apart. */
  get buses(): { context: AudioContext; song: GainNode; hits: GainNode } | null {
    const context = this.#context;
    const songGain = this.#songGain;
    const hitsGain = this.#hitsGain;
    return context && songGain && hitsGain ? { context, song: songGain, hits: hitsGain } : null;
  }

  /** Seconds of the song that are heard now. */
  get position(): number {
    if (!this.#run || !this.#context) return this.#rest;
    const heard = this.#run.transport.songAt(this.#heardFrame(this.#context)) / RATE;
    return clamp(heard, 0, this.duration);
  }

  /** Where the playhead is drawn. */
  get seen(): number {
    const time = this.position + (this.#run ? this.visualOffset * this.speed : 0);
    return clamp(time, 0, this.duration);
  }

  #heardFrame(context: AudioContext): number {
    const { contextTime = 0, performanceTime = 0 } = context.getOutputTimestamp?.() ?? {};
    const now = contextTime + (performance.now() - performanceTime) / 1000;
    // Some browsers give nothing yet, or nonsense just after a resume.
    const usable = contextTime > 0 && Math.abs(now - context.currentTime) < 0.5;
    return (usable ? now : context.currentTime) * RATE;
  }

  async play(): Promise<void> {
    const context = this.#open();
    const wish = ++this.#wishes;
    await context.resume().catch(() => 0); // it may be closed meanwhile
    if (this.#run || context.state !== "running" || wish !== this.#wishes) return;
    if (this.#rest >= this.duration - 0.01) this.#rest = this.loop ? this.loop.start / RATE : 0;
    const from = Math.round(this.#rest * RATE);
    if (this.countsIn) this.#countIn(context, from);
    else this.#begin(from);
  }

  /** A bar of clicks at the tempo of the place, and then the song. */
  #countIn(context: AudioContext, from: number): void {
    const seconds = secondsPerBeat(this.#beats, this.#rest);
    if (seconds === null) {
      this.#begin(from);
      return;
    }
    const count = beatsPerBar(this.#beats, this.#rest);
    const step = Math.round((seconds / this.speed) * RATE);
    const start = this.#frame() + Math.ceil(LEAD);
    this.#begin(from, start + count * step);
    for (let k = 0; k < count; k++) {
      this.#run?.clicks.push(this.#tick(context, k === 0, start + k * step));
    }
  }

  get metronome(): boolean {
    return this.#metronome;
  }

  setMetronome(on: boolean): void {
    this.#metronome = on;
    this.#replan();
    this.changed();
  }

  setBeats(beats: Beats): void {
    this.#beats = beats;
    this.#beatSamples = Float64Array.from(beats, ([time]) => Math.round(time * RATE));
  }

  #tick(context: AudioContext, isBar: boolean, at: number): Click {
    const [drum, velocity] = isBar ? ["HH", 110] : ["SD", 80];
    const name = `metronome ${drum}`;
    let buffer = this.#sounds.get(name);
    if (!buffer) {
      const sound = soundOf(drum, "clicks", RATE);
      buffer = context.createBuffer(1, sound.length, RATE);
      buffer.copyToChannel(sound as Float32Array<ArrayBuffer>, 0);
      this.#sounds.set(name, buffer);
    }
    const node = new AudioBufferSourceNode(context, { buffer });
    node
      .connect(new GainNode(context, { gain: (velocity / 127) ** 2 }))
      .connect(this.#hitsGain ?? context.destination);
    node.start(at / RATE);
    return { node, at };
  }

  pause(): void {
    this.#wishes++; // what waits to be played is not played
    if (!this.#run) return;
    this.#rest = this.position;
    this.#end(this.#run, this.#frame() + 0.02 * RATE);
    this.#run = null;
    clearInterval(this.#timer);
    this.changed();
  }

  seek(seconds: number): void {
    this.#rest = clamp(seconds, 0, this.duration);
    if (this.#run) this.#begin(Math.round(this.#rest * RATE));
    this.changed();
  }

  /** Seconds, or null; sample-exact from the next round on. */
  setLoop(range: { start: number; end: number } | null): void {
    this.loop = range && {
      start: Math.round(range.start * RATE),
      end: Math.round(range.end * RATE),
    };
    this.#restart();
  }

  setHalf(half: boolean): void {
    if (half === this.#half) return;
    const position = this.position;
    this.#half = half;
    this.#rest = position;
    if (this.#run) this.#begin(Math.round(position * RATE));
    this.changed();
  }

  /** Hits in the order of time; they sound from now on. */
  setHits(hits: readonly Sounding[]): void {
    this.#hits = hits;
    this.#samples = Float64Array.from(hits, ({ time }) => Math.round(time * RATE));
    this.#slow.clear();
    this.#replan();
  }

  setKit(kit: Kit): void {
    this.mix.kit = kit;
    this.#sounds.clear();
    this.#replan();
  }

  strip(drum: string): Strip {
    let strip = this.strips.get(drum);
    if (!strip) {
      strip = { mute: false, solo: false, level: 0.8, balance: 0 };
      this.strips.set(drum, strip);
    }
    return strip;
  }

  /** Bring levels and balances to what `mix` and `strips` say; heard at once. */
  applyMix(): void {
    if (!this.#context) return;
    const now = this.#context.currentTime;
    const set = (value: AudioParam, to: number) => value.setTargetAtTime(to, now, 0.005);
    if (this.#songGain) set(this.#songGain.gain, this.mix.song);
    if (this.#hitsGain) set(this.#hitsGain.gain, this.mix.hits);
    for (const [drum, { gain, pan }] of this.#lanes) {
      const strip = this.strip(drum);
      set(gain.gain, this.audible(drum) ? strip.level : 0);
      set(pan.pan, strip.balance);
    }
  }

  audible(drum: string): boolean {
    const solo = [...this.strips.values()].some((strip) => strip.solo);
    const strip = this.strip(drum);
    return solo ? strip.solo : !strip.mute;
  }

  /** A hit by itself, when it is touched. */
  audition(drum: string, velocity: number): void {
    const context = this.#open();
    if (context.state !== "running" || this.#run) return;
    this.#strike(context, context.destination, drum, velocity, context.currentTime);
  }

  /** A piece of the song has come. */
  arrived(index: number): void {
    const run = this.#run;
    if (!run) return;
    const ready = run.waiting.filter((piece) => piece.chunk === index);
    run.waiting = run.waiting.filter((piece) => piece.chunk !== index);
    for (const piece of ready) {
      const late = Math.max(this.#frame() + LEAD / 2 - piece.at, 0);
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
    void this.#context?.close();
    this.#context = null;
  }

  #open(): AudioContext {
    if (this.#context) return this.#context;
    // At the song's rate nothing is resampled: one sample is one sample.
    const context = new AudioContext({ sampleRate: RATE, latencyHint: "interactive" });
    this.#context = context;
    this.#songGain = new GainNode(context, { gain: this.mix.song });
    this.#hitsGain = new GainNode(context, { gain: this.mix.hits });
    this.#songGain.connect(context.destination);
    this.#hitsGain.connect(context.destination);
    return context;
  }

  #frame(): number {
    return this.#context ? Math.round(this.#context.currentTime * RATE) : 0;
  }

  #restart(): void {
    if (this.#run) {
      const at = this.#frame() + LEAD;
      this.#begin(Math.round(this.#run.transport.songAt(at)), at);
    } else this.changed();
  }

  /** Sound from a song sample on; what sounded before ends there. */
  #begin(from: number, wanted?: number, tries = 3): void {
    const context = this.#open();
    this.#prepare(context, from);
    const at = Math.ceil(wanted ?? this.#frame() + LEAD);
    if (this.#run) this.#end(this.#run, at);
    const song = new GainNode(context);
    if (this.#songGain) song.connect(this.#songGain);
    const length = Math.round(this.duration * RATE);
    const stretched = this.#half ? STRETCH : 1;
    const transport = new Transport(at, from, length, stretched, this.loop);
    this.#run = { transport, song, sources: [], clicks: [], waiting: [] };
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#pump(), EVERY_MS);
    this.#pump();
    // Planning took most of the lead: on a busy machine what is to sound may come late.
    if (this.#frame() >= at - LEAD / 2 && tries)
      this.#begin(from, this.#frame() + 3 * LEAD, tries - 1);
    else this.changed();
  }

  /** Stretch what comes first before the clock is read: that takes a while. */
  #prepare(context: AudioContext, from: number): void {
    const index = this.chunks ? Math.floor(from / this.chunks.info.chunk) : 0;
    const buffer = this.#half ? this.chunks?.get(index) : undefined;
    if (buffer) this.#slowed(context, index, buffer);
  }

  /** Silence from a frame on; hits that have been struck ring out. */
  #end(run: Run, at: number): void {
    const seconds = at / RATE;
    run.song.gain.setValueAtTime(1, Math.max(seconds - FADE, 0));
    run.song.gain.linearRampToValueAtTime(0, seconds);
    for (const { node } of run.sources) node.stop(seconds);
    for (const click of run.clicks) if (click.at >= at) click.node.stop();
    setTimeout(() => run.song.disconnect(), 500);
  }

  #pump(): void {
    const run = this.#run;
    if (!run || !this.#context) return;
    const now = this.#frame();
    if (run.transport.end < now && !run.transport.done) {
      // The page was asleep for longer than what was planned: go on from here.
      this.#begin(Math.round(run.transport.songAt(run.transport.end)));
      return;
    }
    for (const segment of run.transport.plan(now + AHEAD)) {
      this.#song(run, segment);
      this.#click(run, segment, 0);
    }
    run.transport.forget(now - RATE);
    run.clicks = run.clicks.filter(({ at }) => at > now - 2 * RATE);
    while (run.sources.length && run.sources[0].until < now) run.sources.shift();
    if (run.transport.done && this.#heardFrame(this.#context) >= run.transport.end) {
      this.pause();
      this.#rest = this.duration;
      this.changed();
    }
  }

  #song(run: Run, segment: Segment): void {
    if (!this.chunks) return;
    for (const piece of chunksIn(segment, this.chunks.info.chunk, run.transport.stretch)) {
      if (this.chunks.get(piece.chunk)) this.#sing(run, piece);
      else run.waiting.push(piece);
    }
  }

  #sing(run: Run, piece: ReturnType<typeof chunksIn>[number]): void {
    const buffer = this.chunks?.get(piece.chunk);
    if (!buffer || !this.chunks || !this.#context) return;
    const slow = run.transport.stretch !== 1;
    const sound = slow ? this.#slowed(this.#context, piece.chunk, buffer) : buffer;
    const node = new AudioBufferSourceNode(this.#context, { buffer: sound });
    node.connect(run.song);
    const offset = piece.offset + (slow ? 0 : this.chunks.info.margin);
    node.start(piece.at / RATE, offset / RATE, piece.length / RATE);
    run.sources.push({ node, until: piece.at + piece.length });
  }

  /** A piece at half speed, made once; attacks stay where the clicks are. */
  #slowed(context: AudioContext, index: number, buffer: AudioBuffer): AudioBuffer {
    const known = this.#slow.get(index);
    if (known || !this.chunks) return known ?? buffer;
    const channels = this.chunks.channels(index, buffer);
    const start = index * this.chunks.info.chunk;
    const anchors = [];
    for (
      let i = lowerBound(this.#samples.length, (k) => this.#samples[k], start);
      i < this.#samples.length && this.#samples[i] < start + channels[0].length;
      i++
    ) {
      anchors.push(this.#samples[i] - start);
    }
    const parts = stretch(channels, anchors);
    const slow = context.createBuffer(parts.length, parts[0].length, RATE);
    parts.forEach((part, c) => slow.copyToChannel(part as Float32Array<ArrayBuffer>, c));
    if (this.#slow.size > 60) this.#slow.delete([...this.#slow.keys()][0]);
    this.#slow.set(index, slow);
    return slow;
  }

  #click(run: Run, segment: Segment, notBefore: number): void {
    if (!this.#context) return;
    for (const [index, at] of hitsIn(segment, this.#samples, run.transport.stretch)) {
      if (at < notBefore) continue;
      const { drum, velocity } = this.#hits[index];
      const node = this.#strike(
        this.#context,
        this.#lane(this.#context, drum),
        drum,
        velocity,
        at / RATE,
      );
      run.clicks.push({ node, at });
    }
    if (!this.#metronome) return;
    for (const [index, at] of hitsIn(segment, this.#beatSamples, run.transport.stretch)) {
      if (at < notBefore) continue;
      run.clicks.push(this.#tick(this.#context, this.#beats[index][1] === 1, at));
    }
  }

  #strike(
    context: AudioContext,
    to: AudioNode,
    drum: string,
    velocity: number,
    when: number,
  ): AudioBufferSourceNode {
    let buffer = this.#sounds.get(drum);
    if (!buffer) {
      const sound = soundOf(drum, this.mix.kit, RATE);
      buffer = context.createBuffer(1, sound.length, RATE);
      buffer.copyToChannel(sound as Float32Array<ArrayBuffer>, 0);
      this.#sounds.set(drum, buffer);
    }
    const node = new AudioBufferSourceNode(context, { buffer });
    // As synthesisers play a velocity: (v / 127)² of full amplitude.
    node.connect(new GainNode(context, { gain: (velocity / 127) ** 2 })).connect(to);
    node.start(when);
    return node;
  }

  /** Where the hits of a drum sound. */
  #lane(context: AudioContext, drum: string): AudioNode {
    let lane = this.#lanes.get(drum);
    if (!lane) {
      const gain = new GainNode(context, { gain: this.audible(drum) ? this.strip(drum).level : 0 });
      const pan = new StereoPannerNode(context, { pan: this.strip(drum).balance });
      gain.connect(pan);
      if (this.#hitsGain) pan.connect(this.#hitsGain);
      lane = { gain, pan };
      this.#lanes.set(drum, lane);
    }
    return lane.gain;
  }

  /** Plan the hits anew that have not begun. */
  #replan(): void {
    const run = this.#run;
    if (!run) return;
    const from = this.#frame() + LEAD / 2;
    for (const { node } of run.clicks.filter(({ at }) => at >= from)) node.stop();
    run.clicks = run.clicks.filter(({ at }) => at < from);
    for (const segment of run.transport.segments) this.#click(run, segment, from);
  }
}
