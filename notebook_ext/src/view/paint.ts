/** Draws the tiles of the time line: everything but the playhead and overlays. */

import { BANDS, COLUMN_RATE } from "../core/columns";
import { EVERYWHERE, type Hit, type Span } from "../core/edits";
import { clamp, clock, lowerBound, rulerStep, type Viewport } from "../core/time";
import type { Session } from "../session/session";
import { RATE } from "../sound/audio-chunks";
import { block, make } from "./dom";
import { LANE, type Lanes, RULER, SPECTRUM, WAVE } from "./lanes";
import { colourOf, shapeOf, type Theme } from "./theme";

const FOOT = 5;
const HEAD = 5;
/** Tile width in pixels; small, so that a new tile during playback costs little. */
export const TILE = 128;

/** Pixels between the values 0 and 1 of a lane. */
export const TALL = LANE - FOOT - HEAD - 4;

/** Return where a value of 0 to 1 lies, in pixels from the lane's top. */
export const heightOf = (value: number): number => LANE - FOOT - value * TALL;

type Context = CanvasRenderingContext2D;

/** One part of the picture: pixels `left` to `left + width` of the whole song. */
interface Part {
  readonly context: Context;
  readonly left: number;
  readonly width: number;
  readonly scale: number;
}

interface Tile extends Span {
  readonly canvas: HTMLCanvasElement;
  isStale: boolean;
  /** Whether the picture has it as it is now. */
  isShown: boolean;
}

/** Distance in pixels at which a hit may still be drawn. */
const REACH = 12;

export class Painter {
  readonly #session: Session;
  readonly #lanes: Lanes;
  theme: Theme;
  readonly #heat = new Map<number, HTMLCanvasElement>();
  #scale = 0;
  readonly #tiles = new Map<string, Tile>();
  /** What the picture shows, apart from the content of its tiles; empty: anything. */
  shown = "";

  constructor(session: Session, lanes: Lanes, theme: Theme) {
    this.#session = session;
    this.#lanes = lanes;
    this.theme = theme;
  }

  /** Draw anew, where something has changed. */
  stale({ start, end }: Span = EVERYWHERE): void {
    for (const tile of this.#tiles.values())
      if (tile.start <= end && tile.end >= start) tile.isStale = true;
  }

  /** Draw everything anew, the spectrogram too. */
  staleHeat(): void {
    this.#heat.clear();
    this.stale();
  }

  /** Paint the viewport onto a canvas of its size. */
  draw(context: Context, view: Viewport, ratio: number): void {
    const left = Math.round(view.start * view.scale * ratio) / ratio;
    const { shown } = this;
    this.shown = "";
    if (view.scale !== this.#scale) {
      // While zooming, tiles would be used only once: paint without them.
      this.#scale = view.scale;
      context.setTransform(ratio, 0, 0, ratio, -left * ratio, 0);
      this.#paint({ context, left, width: view.width, scale: view.scale });
      context.resetTransform();
      return;
    }
    // Whole device pixels: at a browser zoom of 110 %, TILE would end within a pixel and show a seam.
    const wide = Math.round(TILE * ratio);
    const from = Math.round(left * ratio);
    const { width, height } = context.canvas;
    const kind = [view.scale, ratio, height, this.#smallLanes(view.scale)].join();
    this.shown = [from, width, kind].join();
    for (let index = Math.floor(from / wide); index * wide < from + view.width * ratio; index++) {
      const tile = this.#tile(index, kind, view.scale, ratio, wide, height);
      if (!tile.isShown || this.shown !== shown)
        context.drawImage(tile.canvas, index * wide - from, 0);
      tile.isShown = true;
    }
  }

  #tile(
    index: number,
    kind: string,
    scale: number,
    ratio: number,
    pixels: number,
    height: number,
  ): Tile {
    const key = `${index}@${kind}`;
    let tile = this.#tiles.get(key);
    if (tile && !tile.isStale) return tile;
    const width = pixels / ratio;
    const left = index * width;
    if (!tile) {
      const [start, end] = [(left - REACH) / scale, (left + width + REACH) / scale];
      const canvas = make("canvas", { width: pixels, height });
      tile = { canvas, start, end, isStale: false, isShown: false };
      // Evict the oldest: after scrolling they are out of sight, after zooming useless.
      if (this.#tiles.size > 80) {
        for (const old of [...this.#tiles.keys()].slice(0, 40)) this.#tiles.delete(old);
      }
      this.#tiles.set(key, tile);
    }
    const context = tile.canvas.getContext("2d", { alpha: false }) as Context;
    context.setTransform(ratio, 0, 0, ratio, -left * ratio, 0);
    this.#paint({ context, left, width, scale });
    tile.isStale = tile.isShown = false;
    return tile;
  }

  /** Return the lanes whose hits are so dense that their marks are small. */
  #smallLanes(scale: number): string {
    return this.#session.lanes.map((drum) => Number(this.#isSmall(drum, scale))).join("");
  }

  #isSmall(drum: string, scale: number): boolean {
    const { song } = this.#session;
    return song.header.duration * scale < 12 * this.#session.count(drum);
  }

  #paint(part: Part): void {
    const { context, left, width } = part;
    const { theme } = this;
    const session = this.#session;
    const lanes = this.#lanes;
    block(context, theme.ground, 1, left, 0, width, lanes.height);
    session.lanes.forEach((_, lane) => {
      const colour = lane % 2 ? theme.lane : theme.laneAlt;
      block(context, colour, 1, left, lanes.top(lane), width, lanes.tall(lane));
    });
    this.#spectrogram(part);
    this.#grid(part);
    this.#wave(part);
    this.#ruler(part);
    session.lanes.forEach((drum, lane) => {
      if (!lanes.isFolded(lane)) this.#lane(part, drum, lanes.top(lane));
    });
  }

  #spectrogram({ context, left, width, scale }: Part): void {
    const block = 512;
    const { columns } = this.#session.picture;
    const step = Math.max(1, 2 ** Math.floor(Math.log2(COLUMN_RATE / scale)));
    const span = block * step;
    const first = Math.floor(((left / scale) * COLUMN_RATE) / span);
    const last = Math.floor((((left + width) / scale) * COLUMN_RATE) / span);
    for (let index = first; index <= last && index * span < columns; index++) {
      // Only the visible part, and one more column on each side for interpolation.
      const pixels = (step / COLUMN_RATE) * scale;
      const from = clamp(Math.floor(left / pixels) - index * block - 1, 0, block);
      const to = clamp(Math.ceil((left + width) / pixels) - index * block + 1, 0, block);
      if (to > from) {
        context.drawImage(
          this.#picture(index, step, block),
          from,
          0,
          to - from,
          BANDS,
          (index * block + from) * pixels,
          RULER + WAVE,
          (to - from) * pixels,
          SPECTRUM,
        );
      }
    }
  }

  /** Render a block of spectrogram columns, `step` of them to a pixel. */
  #picture(index: number, step: number, block: number): HTMLCanvasElement {
    const key = index * 65536 + step;
    const cached = this.#heat.get(key);
    if (cached) return cached;
    const { spectrum, columns } = this.#session.picture;
    const canvas = document.createElement("canvas");
    canvas.width = block;
    canvas.height = BANDS;
    const context = canvas.getContext("2d") as Context;
    const image = context.createImageData(block, BANDS);
    const pixels = new Uint32Array(image.data.buffer);
    for (let x = 0; x < block; x++) {
      const from = (index * block + x) * step;
      const to = Math.min(from + step, columns);
      for (let band = 0; band < BANDS; band++) {
        let value = 0;
        for (let c = from; c < to; c++) value = Math.max(value, spectrum[c * BANDS + band]);
        pixels[(BANDS - 1 - band) * block + x] = this.theme.heat[value];
      }
    }
    context.putImageData(image, 0, 0);
    if (this.#heat.size > 64) this.#heat.delete([...this.#heat.keys()][0]);
    this.#heat.set(key, canvas);
    return canvas;
  }

  #wave({ context, left, width, scale }: Part): void {
    const { chunks, picture } = this.#session;
    const { wave, columns, gain } = picture;
    const middle = RULER + WAVE / 2;
    const unit = ((WAVE / 2 - 4) * gain) / 127;
    context.fillStyle = this.theme.wave;
    let held = -1;
    let sound: Float32Array[] = [];
    for (let x = left; x < left + width; x++) {
      let low = 0;
      let high = 0;
      const see = (value: number): void => {
        if (value < low) low = value;
        if (value > high) high = value;
      };
      if (chunks && scale > 2 * COLUMN_RATE) {
        // Zoomed in so far that single samples are visible.
        const size = chunks.info.chunk;
        const from = Math.floor((x / scale) * RATE);
        const index = Math.floor(from / size);
        if (index !== held) {
          const buffer = chunks.get(index);
          sound = buffer ? chunks.channels(index, buffer) : [];
          held = index;
        }
        low = Infinity;
        high = -low;
        const end = ((x + 1) / scale) * RATE - index * size;
        for (const channel of sound) {
          for (let i = from - index * size; i <= end && i < channel.length; i++)
            see(channel[i] * 127);
        }
      } else {
        const from = Math.floor((x / scale) * COLUMN_RATE);
        const to = Math.min(
          Math.max(Math.ceil(((x + 1) / scale) * COLUMN_RATE), from + 1),
          columns,
        );
        for (let c = 2 * from; c < 2 * to; c++) see(wave[c]);
      }
      if (high >= low) context.fillRect(x, middle - high * unit - 0.5, 1, (high - low) * unit + 1);
    }
  }

  /** Draw bar lines and, where there is room, beats. */
  #grid({ context, left, width, scale }: Part): void {
    const { beats } = this.#session;
    const end = (left + width) / scale;
    const start = left / scale;
    const dense =
      beats.length > 1
        ? ((beats[beats.length - 1][0] - beats[0][0]) / (beats.length - 1)) * scale
        : 0;
    // One pixel early: rounding may move a line into this tile.
    let i = lowerBound(beats.length, (k) => beats[k][0], start - 1 / scale);
    for (; i < beats.length && beats[i][0] < end; i++) {
      const bar = beats[i][1] === 1;
      if (dense * (bar ? 4 : 1) < 7) continue;
      block(
        context,
        bar ? this.theme.bar : this.theme.line,
        1,
        Math.round(beats[i][0] * scale),
        bar ? RULER / 2 : RULER - 5,
        1,
        this.#lanes.height,
      );
    }
  }

  #ruler({ context, left, width, scale }: Part): void {
    const { theme } = this;
    const { beats } = this.#session;
    const step = rulerStep({ scale });
    const decimals = step >= 1 ? 0 : step >= 0.1 ? 1 : step >= 0.01 ? 2 : 3;
    context.font = "11px system-ui, sans-serif";
    context.textBaseline = "middle";
    context.fillStyle = theme.dim;
    const from = Math.floor((left - 80) / scale / step);
    for (let k = Math.max(from, 0); k * step * scale < left + width; k++) {
      const x = Math.round(k * step * scale);
      context.fillRect(x, 4, 1, 12);
      context.fillText(clock(k * step, decimals), x + 4, 11);
    }
    const bars = beats.filter(([, position]) => position === 1);
    if (!bars.length) return;
    const room = ((bars[bars.length - 1][0] - bars[0][0]) / (bars.length - 1)) * scale;
    // The same bars are numbered in every tile, or a number across two tiles would be cut.
    const every = 2 ** Math.ceil(Math.max(Math.log2(34 / room), 0));
    context.fillStyle = theme.text;
    bars.forEach(([time], k) => {
      const x = Math.round(time * scale);
      if (k % every || x < left - 34 || x > left + width) return;
      context.fillText(String(k + 1), x + 4, RULER - 9);
    });
  }

  #lane(part: Part, drum: string, top: number): void {
    const { context, left, width, scale } = part;
    const colour = colourOf(this.theme, drum);
    const curve = this.#session.song.curves.get(drum);
    if (curve) this.#activation(part, curve, top, colour);
    const threshold = this.#session.threshold(drum);
    if (threshold !== null) {
      context.strokeStyle = colour;
      context.globalAlpha = 0.75;
      context.setLineDash([5, 4]);
      context.beginPath();
      const y = Math.round(top + heightOf(threshold)) + 0.5;
      context.moveTo(left, y);
      context.lineTo(left + width, y);
      context.stroke();
      context.setLineDash([]);
      context.globalAlpha = 1;
    }
    const hits = this.#session.byLane.get(drum) ?? [];
    const at = (k: number) => hits[k].time;
    const first = lowerBound(hits.length, at, (left - 12) / scale);
    const end = lowerBound(hits.length, at, (left + width + 12) / scale);
    this.#marks(context, hits.slice(first, end), top, scale, colour);
  }

  #activation(
    { context, left, width, scale }: Part,
    curve: Float32Array[],
    top: number,
    colour: string,
  ): void {
    const { rate, offset } = this.#session.song.header;
    const perPixel = rate / scale;
    const level = clamp(Math.floor(Math.log2(perPixel)), 0, curve.length - 1);
    const values = curve[level];
    const step = 2 ** level;
    const from = Math.max(Math.floor(((left / scale - offset) * rate) / step) - 1, 0);
    const to = Math.min(
      Math.ceil((((left + width) / scale - offset) * rate) / step) + 1,
      values.length,
    );
    if (to <= from) return;
    const x = (i: number) => ((i * step) / rate + offset) * scale;
    const path = new Path2D();
    for (let i = from; i < to; i++) path.lineTo(x(i), top + heightOf(values[i]));
    context.strokeStyle = colour;
    context.globalAlpha = 0.55;
    context.stroke(path);
    path.lineTo(x(to - 1), top + heightOf(0));
    path.lineTo(x(from), top + heightOf(0));
    context.fillStyle = colour;
    context.globalAlpha = 0.16;
    context.fill(path);
    context.globalAlpha = 1;
  }

  /** Draw hits as stems whose height is the velocity, with the drum's shape on top. */
  #marks(context: Context, hits: readonly Hit[], top: number, scale: number, colour: string): void {
    context.fillStyle = colour;
    const path = new Path2D();
    const spacing =
      hits.length > 1 ? ((hits[hits.length - 1].time - hits[0].time) * scale) / hits.length : TILE;
    const foot = top + heightOf(0);
    if (spacing < 3) {
      // Denser than pixels: draw the loudest hit of each.
      const loudest = new Map<number, number>();
      for (const { time, velocity } of hits) {
        const x = Math.round(time * scale);
        loudest.set(x, Math.max(velocity, loudest.get(x) ?? 0));
      }
      for (const [x, velocity] of loudest) {
        const y = top + heightOf(velocity / 127);
        context.fillRect(x, y, 1, foot - y); // faster than one path of many stems
      }
    } else {
      // From the whole lane, so that the size is the same in every tile.
      const size = this.#isSmall(hits[0]?.drum, scale) ? 3 : HEAD;
      for (const { time, drum, velocity } of hits) {
        const x = time * scale;
        const y = top + heightOf(velocity / 127);
        path.rect(Math.round(x) - 1, y, 2, foot - y);
        shapeOf(drum)(path, x, y, size);
      }
    }
    context.fill(path);
  }
}
