/** A song being played and corrected, shown by any number of views. */

import { correctedTiming, meterAt, spacing, type Timing } from "../core/bars";
import { type Beats, barsAround } from "../core/beats";
import { byFamily } from "../core/drums";
import {
  type Action,
  type Automatic,
  compose,
  EMPTY,
  EVERYWHERE,
  fold,
  type Hit,
  type Layer,
  type Log,
  type Op,
  type Span,
  spanOfChange,
} from "../core/edits";
import { type Snap, toGrid, toPeak } from "../core/snap";
import { coarseOf, nameOf, type Song } from "../core/song";
import { clamp, clock } from "../core/time";
import { counted } from "../core/words";
import { Chunks } from "../sound/audio-chunks";
import { Player } from "../sound/player";
import { Announcer } from "./announcer";
import { History } from "./history";
import type { Host } from "./host";
import { Picture } from "./picture";
import type { Tools } from "./tools";

export class Session extends Announcer {
  readonly player: Player;
  readonly chunks: Chunks | null;
  readonly picture: Picture;
  log = EMPTY;
  layer: Layer = { thresholds: {}, hits: new Map(), timing: [] };
  timing: Timing = { beats: [], meters: [] };
  hits: Hit[] = [];
  /** Where the picture has changed at the last event "hits". */
  changed: Span = EVERYWHERE;
  lanes: string[];
  byLane = new Map<string, Hit[]>();
  selected = new Set<string>();
  range: { start: number; end: number } | null = null;
  looping = false;
  lane = 0;
  snap: Snap = "peak";
  /** The log when the browser last wrote a file. */
  #saved: Log | null = null;
  #preview: Record<string, number> = {};
  #automatic: Automatic[] = [];
  #automaticOf = "";
  #timingOf = "";
  #counter = 0;
  #tools: Tools | null = null;
  readonly #history: History;

  constructor(
    readonly song: Song,
    readonly host: Host,
  ) {
    super();
    this.#history = new History(host.client, (text) => this.say(text));
    const { header } = song;
    this.picture = new Picture(header.duration, () => this.emit("look"));
    this.lanes = byFamily(song.lanes);
    this.chunks =
      header.audio &&
      new Chunks(
        header.audio,
        (index) => host.chunk(index),
        (index, buffer, first) => this.#arrived(index, buffer, first),
        (reason) => this.say(`No sound: ${reason}`),
      );
    this.player = new Player(header.duration, this.chunks, () => this.#heard());
    this.#derive();
    this.chunks?.start();
    void host.velocities().then((table) => {
      song.velocities = table;
      this.#automaticOf = "";
      this.#derive();
    });
  }

  override close(): void {
    this.player.close();
    this.chunks?.close();
    this.#tools?.ownDrums.close();
    super.close();
  }

  /** Use tools, which may have to be loaded first. `now`: where the playhead was when called. */
  use(how: (tools: Tools, now: number) => void): void {
    const now = this.player.position;
    this.host.loadExtras().then(
      (extras) => {
        this.#tools ??= new extras.Tools(this);
        how(this.#tools, now);
      },
      (error) => this.say(`Not loaded: ${error}`),
    );
  }

  // --- hits ---------------------------------------------------------------

  setLog(log: Log): void {
    if (log === this.log) return;
    const before = this.log;
    this.log = log;
    this.#derive();
    this.#history.tell(before, log);
  }

  do(ops: readonly Op[]): void {
    if (ops.length) this.#propose({ kind: "do", name: this.newName(), ops });
  }

  undo(): void {
    this.#history.undo(this.log, (action) => this.#propose(action));
  }

  redo(): void {
    this.#history.redo(this.log, (action) => this.#propose(action));
  }

  #propose(action: Action): void {
    this.warn("refused", null);
    this.host.propose(action);
  }

  /** Warn that an edit could not be made, until the next one. */
  refuse(reason: string): void {
    this.warn("refused", `An edit was not possible: ${reason}`);
  }

  threshold(drum: string): number | null {
    return this.#preview[drum] ?? this.layer.thresholds[drum] ?? this.song.first[drum] ?? null;
  }

  /** Preview a threshold while it is being moved. */
  try(drum: string, value: number | null): void {
    if (value === null) delete this.#preview[drum];
    else this.#preview[drum] = Math.round(clamp(value, 0, 1) * 1000) / 1000;
    this.#derive();
  }

  setThreshold(drum: string, value: number): void {
    this.try(drum, value);
    const rounded = this.#preview[drum];
    delete this.#preview[drum];
    const now = this.layer.thresholds[drum] ?? this.song.first[drum];
    if (rounded === now) this.#derive();
    else this.do([{ op: "threshold", drum, value: rounded }]);
    this.say(`${nameOf(drum)}: threshold ${rounded}, ${counted(this.count(drum), "hit")}`);
  }

  count(drum: string): number {
    return this.byLane.get(drum)?.length ?? 0;
  }

  get thresholds(): Record<string, number> {
    return { ...this.song.first, ...this.layer.thresholds };
  }

  get beats(): Beats {
    return this.timing.beats;
  }

  /** Counted beats per minute; null if the song has no steady tempo. */
  get tempo(): number | null {
    const { beats, tempo } = this.song.header;
    const octave = Math.log2(spacing(beats) / spacing(this.beats));
    // Doubling or halving keeps a tempo steady; tapped beats may not be.
    return tempo && Math.abs(octave - Math.round(octave)) < 0.02
      ? tempo * 2 ** Math.round(octave)
      : null;
  }

  /** The meter at the playhead; null if it is unknown. */
  get meter(): string | null {
    return meterAt(this.timing, this.player.position);
  }

  #derive(): void {
    this.layer = fold(this.log);
    let isAll = this.#time();
    const thresholds = { ...this.layer.thresholds, ...this.#preview };
    const key = JSON.stringify(thresholds);
    if (key !== this.#automaticOf) {
      this.#automatic = this.song.automatic(thresholds);
      this.#automaticOf = key;
      isAll = true; // their lines move too
    }
    const before = this.hits;
    this.hits = compose(this.#automatic, this.layer, coarseOf);
    this.changed = isAll ? EVERYWHERE : spanOfChange(before, this.hits);
    this.byLane = new Map(this.lanes.map((drum) => [drum, []]));
    for (const hit of this.hits) {
      if (!this.byLane.has(hit.drum)) this.byLane.set(hit.drum, []);
      this.byLane.get(hit.drum)?.push(hit);
    }
    const active = this.lanes[this.lane];
    this.lanes = byFamily([...this.byLane.keys()]);
    this.lane = Math.max(this.lanes.indexOf(active), 0);
    if (this.selected.size) this.selected = new Set(this.chosen.map(({ id }) => id));
    this.player.setHits(this.hits);
    this.emit("hits");
  }

  /** Correct beats and bars; returns whether they have changed. */
  #time(): boolean {
    const { beats, meters = [] } = this.song.header;
    const { timing } = this.layer;
    const key = `t${JSON.stringify(timing)}`;
    if (key === this.#timingOf) return false;
    this.#timingOf = key;
    this.timing = correctedTiming({ beats, meters }, timing);
    this.player.setBeats(this.beats);
    return true;
  }

  get chosen(): Hit[] {
    return this.hits.filter(({ id }) => this.selected.has(id));
  }

  select(ids: Iterable<string>): void {
    this.selected = new Set(ids);
    this.host.publish({ selected: [...this.selected] });
    this.emit("view");
  }

  /** Announce that the active lane has changed. */
  looked(): void {
    this.emit("view");
  }

  snapped(drum: string, time: number): number {
    const activation = this.song.activations.find((lane) => lane.drum === drum);
    if (this.snap === "peak" && activation) return toPeak(activation.values, this.song.grid, time);
    if (this.snap === "grid") return toGrid(this.beats, time);
    return time;
  }

  add(drum: string, time: number, velocity = 100): void {
    const id = this.newName();
    const at = this.#clip(time);
    this.do([{ op: "add", id, time: at, drum, velocity }]);
    this.select([id]);
    this.player.audition(drum, velocity);
    this.say(`${nameOf(drum)} added at ${clock(at, 3)}`);
  }

  /** Add a hit of the active drum at the playhead. */
  addHere(): void {
    const drum = this.lanes[this.lane];
    if (drum) this.add(drum, this.snapped(drum, this.player.position));
  }

  /** Return an id for a new hit that no other editor uses. */
  newName(): string {
    return `${this.host.client}-${this.#counter++}`;
  }

  /** Return the hits as they would be with other thresholds. */
  hitsAt(thresholds: Readonly<Record<string, number>>): Hit[] {
    const changed = { ...this.layer.thresholds, ...thresholds };
    return compose(this.song.automatic(changed), this.layer, coarseOf);
  }

  /** Change hits; `how` returns the fields that change. */
  change(hits: readonly Hit[], how: (hit: Hit) => Partial<Hit>): void {
    this.do(
      hits.map((hit) => {
        const { time, drum, velocity } = { ...hit, ...how(hit) };
        return {
          op: "change",
          id: hit.id,
          drum,
          time: this.#clip(time),
          velocity: clamp(Math.round(velocity), 1, 127),
        };
      }),
    );
    const [first] = this.chosen;
    if (first)
      this.say(this.describe(first) + (hits.length > 1 ? ` and ${hits.length - 1} more` : ""));
  }

  /** Limit a move so that hits keep their distances and stay within the song. */
  room(hits: readonly Hit[], seconds: number): number {
    const last = hits[hits.length - 1];
    return last ? clamp(seconds, -hits[0].time, this.player.duration - last.time) : 0;
  }

  remove(hits: readonly Hit[]): void {
    this.do(hits.map(({ id }) => ({ op: "delete", id })));
    if (hits.length) this.say(`${counted(hits.length, "hit")} deleted`);
  }

  describe({ drum, time, velocity }: Hit): string {
    return `${nameOf(drum)} at ${clock(time, 3)}, velocity ${velocity}`;
  }

  #clip(time: number): number {
    return clamp(time, 0, this.song.header.duration);
  }

  // --- sound --------------------------------------------------------------

  toggle(): void {
    if (this.player.playing) this.player.pause();
    else void this.play();
  }

  async play(): Promise<void> {
    const waiting = setTimeout(() => this.say("Click once to allow playback"), 600);
    await this.player.play();
    clearTimeout(waiting); // it waits for as long as the browser forbids it
  }

  /** Stop playback, since no view is left. */
  rest(): void {
    this.player.pause();
  }

  seek(time: number): void {
    this.player.seek(time);
    this.emit("seek");
  }

  setRange(range: { start: number; end: number } | null): void {
    const [start, end] = [range?.start ?? 0, range?.end ?? 0].map((time) => this.#clip(time));
    this.range = end - start > 0.005 ? { start, end } : null;
    if (!this.range) this.looping = false;
    this.player.setLoop(this.looping ? this.range : null);
    this.host.publish({ selection: this.range ? [this.range.start, this.range.end] : [] });
    this.emit("view");
    this.emit("sound");
  }

  /** Select the bar at the playhead; if it is selected already, extend by one bar. */
  selectBars(): void {
    const now = this.player.position;
    const { range } = this;
    const isIn = range && now >= range.start - 1e-6 && now <= range.end;
    const from = isIn ? range.start : now;
    const bars = barsAround(this.beats, from, isIn ? range.end + 1e-3 : now);
    if (bars) this.setRange(bars);
    else this.say("No bars here");
  }

  setLooping(looping: boolean): void {
    const { duration } = this.song.header;
    if (looping && !this.range) this.setRange({ start: 0, end: duration });
    this.looping = looping && this.range !== null;
    this.player.setLoop(this.looping ? this.range : null);
    this.emit("sound");
  }

  /** Set the speed; the pitch is kept. */
  setSpeed(speed: number): void {
    this.use(() => this.player.setSpeed(speed));
  }

  toggleCountIn(): void {
    this.player.countsIn = !this.player.countsIn;
    this.emit("sound");
  }

  mixed(): void {
    this.player.mixer.apply();
    this.emit("sound");
  }

  #heard(): void {
    this.host.publish({ playing: this.player.playing, position: this.player.position });
    this.emit("sound");
  }

  #arrived(index: number, buffer: AudioBuffer, first: boolean): void {
    this.player.arrived(index);
    const { chunks, picture } = this;
    if (first && chunks) this.use((tools) => tools.addChunk(picture, index, buffer, chunks));
    else picture.look();
  }

  /** Note that the browser has written the hits to a file. */
  saved(): void {
    this.#saved = this.log;
  }

  /** Whether a file has all edits. */
  get isSaved(): boolean {
    return this.#saved === this.log;
  }
}
