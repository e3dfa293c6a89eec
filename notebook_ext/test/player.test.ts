import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Beats, secondsPerBeat } from "../src/core/beats";
import { Chunks } from "../src/sound/audio-chunks";
import { Player } from "../src/sound/player";
import { Prepared } from "../src/sound/prepared";
import { soundOf } from "../src/sound/sounds";
import { scaled } from "../src/sound/transport";

const RATE = 44100;
const SECONDS = 20;
const CHUNK = 5 * RATE;

/** The part of Web Audio that is used, on the clock of the fake timers. */
class Node {
  readonly to: Node[] = [];
  connect(other: Node): Node {
    this.to.push(other);
    return other;
  }
  disconnect(): void {
    this.to.length = 0;
  }
}

class Param {
  constructor(public value = 1) {}
  setTargetAtTime(): void {}
  setValueAtTime(): void {}
  linearRampToValueAtTime(): void {}
}

class Gain extends Node {
  readonly gain: Param;
  constructor(_: unknown, { gain = 1 } = {}) {
    super();
    this.gain = new Param(gain);
  }
}

class Buffer {
  readonly #data: Float32Array[];
  constructor(
    readonly numberOfChannels: number,
    readonly length: number,
  ) {
    this.#data = Array.from({ length: numberOfChannels }, () => new Float32Array(length));
  }
  getChannelData(c: number): Float32Array {
    return this.#data[c];
  }
  copyToChannel(data: Float32Array, c: number): void {
    this.#data[c].set(data);
  }
}

/** Everything that was started, with the sample at which it was. */
let started: Source[] = [];

/** Seconds that each start takes on a busy machine, and took so far. */
let busy = { each: 0, spent: 0 };

class Source extends Node {
  readonly buffer: Buffer;
  at = 0;
  offset = 0;
  length = 0;
  end = Infinity;
  /** Whether it was started too late to sound at its time. */
  isLate = false;
  constructor(_: unknown, { buffer }: { buffer: Buffer }) {
    super();
    this.buffer = buffer;
  }
  start(when: number, offset = 0, seconds = this.buffer.length / RATE): void {
    const samples = [when, offset, seconds].map((value) => Math.round(value * RATE));
    [this.at, this.offset, this.length] = samples;
    busy.spent += busy.each;
    this.isLate = when < performance.now() / 1000 + busy.spent;
    started.push(this);
  }
  stop(when = 0): void {
    this.end = Math.min(this.end, Math.round(when * RATE));
  }
}

class Context {
  readonly destination = new Node();
  state = "running";
  get currentTime(): number {
    return performance.now() / 1000 + busy.spent;
  }
  async resume(): Promise<void> {}
  async close(): Promise<void> {}
  createBuffer(channels: number, length: number): Buffer {
    return new Buffer(channels, length);
  }
  async decodeAudioData(data: ArrayBuffer): Promise<Buffer> {
    const samples = new Float32Array(data);
    const buffer = new Buffer(1, samples.length);
    buffer.copyToChannel(samples, 0);
    return buffer;
  }
}

class Pan extends Node {
  readonly pan = new Param(0);
}

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  started = [];
  busy = { each: 0, spent: 0 };
  for (const [name, fake] of Object.entries({
    AudioContext: Context,
    OfflineAudioContext: Context,
    GainNode: Gain,
    StereoPannerNode: Pan,
    AudioBufferSourceNode: Source,
  }))
    vi.stubGlobal(name, fake);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A beat every 0.4 s with some rubato, four in a bar; the hits lie on and between them. */
const beats: Beats = Array.from({ length: 45 }, (_, k) => [
  1 + 0.4 * k + 0.013 * Math.sin(k),
  (k % 4) + 1,
]);
const hits = Array.from({ length: 90 }, (_, k) => ({
  time: 1 + 0.2 * k + 0.0071 * ((k * 7) % 5),
  drum: "KD",
  velocity: 127,
}));
const sampleOf = (time: number) => Math.round(time * RATE);

async function loaded(speed = 1): Promise<Player> {
  const song = new Float32Array(SECONDS * RATE);
  for (const { time } of hits) song[sampleOf(time)] = 1;
  const info = { chunk: CHUNK, samples: song.length, margin: 0, channels: 1 };
  const chunks = new Chunks(
    info,
    async (index) => song.slice(index * CHUNK, (index + 1) * CHUNK).buffer,
    (index) => player?.arrived(index),
    (reason) => expect.fail(reason),
  );
  const player: Player = new Player(SECONDS, chunks, () => undefined);
  if (speed !== 1) player.prepared = new Prepared(chunks);
  player.setSpeed(speed);
  player.mixer.mix.kit = "clicks";
  player.setBeats(beats);
  player.setHits(hits);
  return player;
}

/** Whether a source is heard through a bus. */
const isIn = (node: Node, bus: unknown): boolean =>
  node === bus || node.to.some((next) => isIn(next, bus));

/** Output samples at which impulses of the song sound. */
function impulses(player: Player): number[] {
  const found: number[] = [];
  for (const source of started) {
    if (!isIn(source, player.buses?.song)) continue;
    const data = source.buffer.getChannelData(0);
    for (let i = 0; i < source.length && source.at + i < source.end; i++)
      if (Math.abs(data[source.offset + i]) > 0.5) found.push(source.at + i);
  }
  return found.sort((a, b) => a - b);
}

/** Output samples at which clicks begin that are not taken back: "KD" hits, "HH" bars, "SD" beats. */
function clicks(player: Player, drum: string): number[] {
  const [, second] = soundOf(drum, "clicks", RATE);
  return started
    .filter((source) => isIn(source, player.buses?.hits) && source.end > source.at)
    .filter(({ buffer }) => buffer.getChannelData(0)[1] === second)
    .map(({ at }) => at)
    .sort((a, b) => a - b);
}

const seconds = (count: number) => vi.advanceTimersByTimeAsync(1000 * count);

it.each([0.02, 0.1, 0.2])("begins in time where each start takes %d s", async (each) => {
  const player = await loaded();
  busy.each = each;
  player.seek(1);
  await player.play();
  const buses = [player.buses?.song, player.buses?.hits];
  const heard = started.filter(
    (source) => source.end > source.at && buses.some((bus) => isIn(source, bus)),
  );
  expect(heard.length).toBeGreaterThan(0);
  expect(heard.filter(({ isLate }) => isLate)).toEqual([]);
});

describe.each([0.5, 0.65, 0.9, 1, 1.25, 1.5])("a loop of two bars at speed %d", (speed) => {
  const to = (time: number) => scaled(sampleOf(time), 1 / speed);
  const [start, end] = [beats[8][0], beats[16][0]];
  const ROUNDS = 3;

  it("comes round to the sample, with song, hits and metronome in step", async () => {
    const player = await loaded(speed);
    player.setMetronome(true);
    player.setLoop({ start, end });
    player.seek(start);
    player.countsIn = true;
    await player.play();
    await seconds(0.1 + (ROUNDS + 0.6) * ((end - start) / speed));
    const counted = [...clicks(player, "HH"), ...clicks(player, "SD")].sort((a, b) => a - b);
    const begin = counted[4]; // behind the count: the first beat of the song
    const expected = (times: readonly number[]) =>
      Array.from({ length: ROUNDS }, (_, turn) =>
        times
          .filter((time) => time >= start && time < end)
          .map((time) => begin + turn * (to(end) - to(start)) + to(time) - to(start)),
      ).flat();
    const ofHits = expected(hits.map(({ time }) => time));
    expect(impulses(player).slice(0, ofHits.length)).toEqual(ofHits);
    expect(clicks(player, "KD").slice(0, ofHits.length)).toEqual(ofHits);
    for (const [drum, isBar] of [
      ["HH", true],
      ["SD", false],
    ] as const) {
      const own = beats.filter(([, position]) => (position === 1) === isBar);
      const ofBeats = expected(own.map(([time]) => time));
      const found = clicks(player, drum).filter((at) => at >= begin);
      expect(found.slice(0, ofBeats.length)).toEqual(ofBeats);
    }
    // The bar that counts it in is as long as one there, and starts with the accent.
    const step = secondsPerBeat(beats, start) as number;
    expect(clicks(player, "HH")[0]).toBe(counted[0]);
    expect(counted.slice(0, 4)).toEqual(
      [4, 3, 2, 1].map((back) => begin - Math.round((back * step * RATE) / speed)),
    );
    player.close();
  });
});

describe("what is being counted in", () => {
  async function counting(): Promise<Player> {
    const player = await loaded();
    player.seek(beats[8][0]);
    player.countsIn = true;
    await player.play();
    await seconds(0.5);
    return player;
  }
  const ticks = (player: Player) => [...clicks(player, "HH"), ...clicks(player, "SD")];

  it("goes on when hits, beats, loop and sounds change", async () => {
    const player = await counting();
    const before = ticks(player);
    expect(before).toHaveLength(4);
    player.setHits(hits.slice(0, 40));
    player.setBeats([...beats]);
    player.setLoop({ start: beats[8][0], end: beats[12][0] });
    player.setKit("clicks");
    expect(ticks(player)).toEqual(before);
    await seconds(2);
    const first = Math.min(...clicks(player, "KD"));
    const step = secondsPerBeat(beats, beats[8][0]) as number;
    const begin = before[0] + Math.round(4 * step * RATE);
    expect(first - begin).toBe(sampleOf(hits[16].time) - sampleOf(beats[8][0]));
    expect(impulses(player)[0]).toBe(first);
    player.close();
  });

  it("is silent when it is stopped", async () => {
    const player = await counting();
    player.pause();
    const now = performance.now() / 1000;
    expect(ticks(player).filter((at) => at > (now + 0.1) * RATE)).toEqual([]);
    expect(player.position).toBeCloseTo(beats[8][0], 4);
    player.close();
  });
});

describe("a loop that lies behind", () => {
  const [start, end] = [beats[4][0], beats[8][0]];

  it("is entered when it is switched on, and when playing begins", async () => {
    const player = await loaded();
    player.seek(12);
    await player.play();
    await seconds(1);
    player.setLoop({ start, end });
    await seconds(0.3);
    expect(player.position).toBeGreaterThan(start);
    expect(player.position).toBeLessThan(end);
    player.pause();
    player.seek(15);
    await player.play();
    await seconds(0.3);
    expect(player.position).toBeLessThan(end);
    // Whoever seeks while it plays hears the song from there.
    player.seek(15);
    await seconds(0.3);
    expect(player.position).toBeGreaterThan(15);
    player.close();
  });
});
