import { expect, it } from "vitest";
import { AUDIO } from "../src/core/tables";
import { warmUp } from "../web/engine/warm-up";

it("is a minute or so of sound in blocks whose buffers may be transferred", () => {
  const blocks = [...warmUp()];
  const channels = blocks.flat();
  expect(new Set(channels.map(({ buffer }) => buffer)).size).toBe(2 * blocks.length);
  const [{ length }] = channels;
  expect(channels.every((channel) => channel.length === length)).toBe(true);
  // The network processes 41 s at once.
  expect(blocks.length * length).toBeGreaterThan(45 * AUDIO.SAMPLE_RATE);
  const peak = channels[0].reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(peak).toBeGreaterThan(0.2);
  expect(peak).toBeLessThan(1);
});
