/** The audio graph: sounds and levels of song, hits and metronome. */

import { RATE } from "./audio-chunks";
import { type Kit, soundOf } from "./sounds";

export interface Strip {
  mute: boolean;
  solo: boolean;
  /** Level from 0 to 1. */
  level: number;
  /** Balance from -1 (left) to 1 (right). */
  balance: number;
}

export interface Mix {
  song: number;
  hits: number;
  kit: Kit;
}

interface Graph {
  readonly context: AudioContext;
  readonly song: GainNode;
  readonly hits: GainNode;
}

export class Mixer {
  readonly mix: Mix = { song: 0.8, hits: 0.7, kit: "drums" };
  readonly #strips = new Map<string, Strip>();
  #graph: Graph | null = null;
  readonly #lanes = new Map<string, { gain: GainNode; pan: StereoPannerNode }>();
  readonly #sounds = new Map<string, AudioBuffer>();

  /** The graph; null until something is played. */
  get graph(): Graph | null {
    return this.#graph;
  }

  open(): Graph {
    if (this.#graph) return this.#graph;
    // At the song's own rate, so that nothing is resampled.
    const context = new AudioContext({ sampleRate: RATE, latencyHint: "interactive" });
    const song = new GainNode(context, { gain: this.mix.song });
    const hits = new GainNode(context, { gain: this.mix.hits });
    song.connect(context.destination);
    hits.connect(context.destination);
    this.#graph = { context, song, hits };
    return this.#graph;
  }

  close(): void {
    void this.#graph?.context.close();
    this.#graph = null;
  }

  setKit(kit: Kit): void {
    this.mix.kit = kit;
    this.#sounds.clear();
  }

  strip(drum: string): Strip {
    let strip = this.#strips.get(drum);
    if (!strip) {
      strip = { mute: false, solo: false, level: 0.8, balance: 0 };
      this.#strips.set(drum, strip);
    }
    return strip;
  }

  audible(drum: string): boolean {
    const solo = [...this.#strips.values()].some((strip) => strip.solo);
    const strip = this.strip(drum);
    return solo ? strip.solo : !strip.mute;
  }

  /** Apply the levels and balances of `mix` and the strips at once. */
  apply(): void {
    if (!this.#graph) return;
    const { context, song, hits } = this.#graph;
    const set = (value: AudioParam, to: number) =>
      value.setTargetAtTime(to, context.currentTime, 0.005);
    set(song.gain, this.mix.song);
    set(hits.gain, this.mix.hits);
    for (const [drum, { gain, pan }] of this.#lanes) {
      const strip = this.strip(drum);
      set(gain.gain, this.audible(drum) ? strip.level : 0);
      set(pan.pan, strip.balance);
    }
  }

  /** Play a hit at `when`, in seconds of the audio clock; `isAlone`: not through its lane. */
  strike(drum: string, velocity: number, when: number, isAlone = false): AudioBufferSourceNode {
    const { context } = this.open();
    return this.#start(
      this.#sound(drum, drum, this.mix.kit),
      isAlone ? context.destination : this.#lane(drum),
      velocity,
      when,
    );
  }

  /** Play a click of the metronome. */
  tick(isBar: boolean, when: number): AudioBufferSourceNode {
    const [drum, velocity] = isBar ? ["HH", 110] : ["SD", 80];
    const buffer = this.#sound(`metronome ${drum}`, drum, "clicks");
    return this.#start(buffer, this.open().hits, velocity, when);
  }

  #sound(name: string, drum: string, kit: Kit): AudioBuffer {
    let buffer = this.#sounds.get(name);
    if (!buffer) {
      const sound = soundOf(drum, kit, RATE);
      buffer = this.open().context.createBuffer(1, sound.length, RATE);
      buffer.copyToChannel(sound as Float32Array<ArrayBuffer>, 0);
      this.#sounds.set(name, buffer);
    }
    return buffer;
  }

  #start(
    buffer: AudioBuffer,
    to: AudioNode,
    velocity: number,
    when: number,
  ): AudioBufferSourceNode {
    const { context } = this.open();
    const node = new AudioBufferSourceNode(context, { buffer });
    // The usual curve of synthesisers: (v / 127)² of full amplitude.
    node.connect(new GainNode(context, { gain: (velocity / 127) ** 2 })).connect(to);
    node.start(when);
    return node;
  }

  /** Return the node that a drum's hits are played through. */
  #lane(drum: string): AudioNode {
    let lane = this.#lanes.get(drum);
    if (!lane) {
      const { context, hits } = this.open();
      const strip = this.strip(drum);
      const gain = new GainNode(context, { gain: this.audible(drum) ? strip.level : 0 });
      const pan = new StereoPannerNode(context, { pan: strip.balance });
      gain.connect(pan).connect(hits);
      lane = { gain, pan };
      this.#lanes.set(drum, lane);
    }
    return lane.gain;
  }
}
