/**
 * Removes steady noise before the first hit of a recording, which would mask that hit: the
 * port of `adt_plugins.features.noise_floor`.
 */

import { NOISE_FLOOR } from "../../src/core/tables";

const { JUMP, STEADY, LATE_FRAMES, LEAST, INAUDIBLE } = NOISE_FLOOR;

export class NoiseFloor {
  #held = new Float32Array(0);
  #powers: number[] = [];
  #loudest = 0;

  constructor(private readonly hop: number) {}

  /** Process samples; returns those that are final, at most 0.2 s late. */
  process(block: Float32Array): Float32Array {
    const { hop } = this;
    const held = new Float32Array(this.#held.length + block.length);
    held.set(this.#held);
    held.set(block, this.#held.length);
    const count = Math.floor(held.length / hop);
    for (let frame = this.#powers.length; frame < count; frame++) {
      const power = powerOf(held.subarray(frame * hop, (frame + 1) * hop));
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
    this.#held = held.slice(kept * hop);
    return held.subarray(0, kept * hop);
  }

  /** Return the remaining samples. */
  finish(): Float32Array {
    const rest = this.#held;
    this.#held = new Float32Array(0);
    return rest;
  }
}

function powerOf(samples: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += samples[i] * samples[i];
  return sum / samples.length;
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
