/**
 * Removes steady noise before the first hit of a recording, which would mask that hit: the
 * port of `adt_plugins.features.noise_floor`.
 */

import { NOISE_FLOOR } from "../../src/core/tables";
import { sumOfSquares } from "./squares";

const { JUMP, STEADY, LATE_FRAMES, LEAST, INAUDIBLE } = NOISE_FLOOR;

const NONE = new Float64Array(0);

export class NoiseFloor {
  #samples = new Float32Array(0);
  /** Samples that are held, and those of them that have been returned. */
  #length = 0;
  #returned = 0;
  #powers: number[] = [];
  #loudest = 0;

  constructor(private readonly hop: number) {}

  /**
   * Process samples; returns those that are final, at most 0.2 s late. The next call overwrites
   * them. `powers`: mean squares of the first frames of the samples, if they are known.
   */
  process(block: Float32Array, powers: Float64Array = NONE): Float32Array {
    const { hop } = this;
    const before = (this.#length - this.#returned) / hop; // whole if the block begins with a frame
    const held = this.#hold(block);
    const count = Math.floor(this.#length / hop);
    for (let frame = this.#powers.length; frame < count; frame++) {
      const power =
        powers[frame - before] ?? sumOfSquares(held, frame * hop, (frame + 1) * hop) / hop;
      if (power > JUMP * this.#loudest && this.#loudest > INAUDIBLE) {
        const first = Math.max(0, frame - LATE_FRAMES);
        if (isSteady(this.#powers.slice(first, frame))) {
          fadeOut(held.subarray(first * hop, frame * hop));
        }
      }
      this.#powers.push(power);
      this.#loudest = Math.max(this.#loudest, power);
    }
    const kept = Math.max(0, count - LATE_FRAMES);
    this.#powers.splice(0, kept);
    this.#returned = kept * hop;
    return held.subarray(0, this.#returned);
  }

  /** Drop what was returned, add samples, and return the memory of all. */
  #hold(block: Float32Array): Float32Array {
    const rest = this.#samples.subarray(this.#returned, this.#length);
    this.#length = rest.length + block.length;
    if (this.#length > this.#samples.length) {
      const more = new Float32Array(this.#length + LATE_FRAMES * this.hop);
      more.set(rest);
      this.#samples = more;
    } else this.#samples.set(rest);
    this.#samples.set(block, rest.length);
    return this.#samples;
  }

  /** Return the remaining samples. */
  finish(): Float32Array {
    const rest = this.#samples.subarray(this.#returned, this.#length);
    this.#returned = this.#length;
    return rest;
  }
}

function isSteady(powers: readonly number[]): boolean {
  const mean = powers.reduce((sum, value) => sum + value, 0) / powers.length;
  return powers.length >= LEAST && Math.max(...powers) <= STEADY * mean;
}

/** Fade out within the first half, in place; the other half is silent. */
function fadeOut(samples: Float32Array): void {
  const half = Math.floor(samples.length / 2);
  for (let i = 0; i < half; i++) samples[i] *= 1 - i / (half - 1);
  samples.fill(0, half);
}
