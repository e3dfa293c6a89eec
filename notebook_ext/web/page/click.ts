/** The song with a sound on every hit: what `adt_plugins.formats.click` writes. */

import { roundEven } from "../../src/core/pick";
import { CLICK } from "../../src/core/tables";
import { RATE } from "../../src/sound/audio-chunks";
import { type Pieces, samplesOf, waveHead } from "./song-chunks";
import { breathe } from "./user-error";

const { SONG_GAIN, CLICK_GAIN, NARROW_HZ } = CLICK;
/** Middle of each sound in Hz, and its length in seconds. */
const SOUNDS: Readonly<Record<string, readonly [middle: number, seconds: number]>> = CLICK.SOUNDS;
const SHARED: Readonly<Record<string, string>> = CLICK.SHARED;

interface Hit {
  readonly time: number;
  readonly drum: string;
  readonly velocity: number;
}

/** A WAV file, mono, 16 bits, as long as the song; hits in the order of time. */
export async function clickTrack(pieces: Pieces, hits: readonly Hit[]): Promise<Blob> {
  const { chunk, samples, channels } = pieces.info;
  const parts: BlobPart[] = [waveHead(2 * samples, 1)];
  const starts = hits.map(({ time }) => roundEven(time * RATE));
  const longest = Math.max(...Object.values(SOUNDS).map(([, seconds]) => seconds)) * RATE + 1;
  const sounds = new Map<string, Float32Array>();
  for (const [index, blob] of pieces.blobs.entries()) {
    const mixed = mono(await samplesOf(blob), channels);
    const begin = index * chunk;
    hits.forEach((hit, i) => {
      if (starts[i] >= begin + mixed.length || starts[i] + longest < begin) return;
      let sound = sounds.get(hit.drum);
      if (!sound) {
        sound = soundOf(hit.drum);
        sounds.set(hit.drum, sound);
      }
      add(mixed, sound, starts[i] - begin, Math.fround((CLICK_GAIN * hit.velocity) / 127));
    });
    parts.push(
      Int16Array.from(mixed, (value) => roundEven(Math.max(-1, Math.min(1, value)) * 32767)),
    );
    await breathe();
  }
  return new Blob(parts, { type: "audio/wav" });
}

function mono(samples: Int16Array, channels: number): Float32Array {
  const out = new Float32Array(samples.length / channels);
  for (let i = 0; i < samples.length; i++) out[Math.floor(i / channels)] += samples[i];
  for (let i = 0; i < out.length; i++) out[i] *= SONG_GAIN / channels / 32768;
  return out;
}

function add(mixed: Float32Array, sound: Float32Array, at: number, gain: number): void {
  const end = Math.min(sound.length, mixed.length - at);
  for (let i = Math.max(0, -at); i < end; i++) mixed[at + i] += Math.fround(gain * sound[i]);
}

/** Starts with its first sample; peak 1. */
function soundOf(drum: string): Float32Array {
  const [middle, seconds] = SOUNDS[SHARED[drum] ?? drum] ?? SOUNDS.OT;
  const count = Math.round(seconds * RATE);
  const rise = Math.min(0.5 / middle, 0.004);
  const partials = middle < NARROW_HZ ? 1 : 9;
  const out = new Float64Array(count);
  for (let k = 0; k < partials; k++) {
    const ratio = partials === 1 ? 1 : (0.9 + 0.025 * k) ** 1.1;
    for (let i = 0; i < count; i++) {
      out[i] += Math.sin(2 * Math.PI * middle * ratio * ((i + 1) / RATE) + k * k);
    }
  }
  let peak = 0;
  for (let i = 0; i < count; i++) {
    const time = i / RATE;
    const way = time < rise ? time / rise - 1 : (time - rise) / (seconds - rise);
    out[i] *= 0.5 + 0.5 * Math.cos(Math.PI * way);
    peak = Math.max(peak, Math.abs(out[i]));
  }
  return Float32Array.from(out, (value) => value / peak);
}
