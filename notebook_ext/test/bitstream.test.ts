import { expect, it } from "vitest";
import { isBitstream } from "../web/page/bitstream";
import { load } from "../web/page/decode";

const wave = (...samples: number[]): Uint8Array<ArrayBuffer> => {
  const header = "RIFF\0\0\0\0WAVEfmt \x10\0\0\0".padEnd(36, "\0");
  const head = `${header}data\0\0\0\0`;
  return Uint8Array.from([...head].map((c) => c.charCodeAt(0)).concat([0, 0, ...samples]));
};

it.each([
  ["IEC 61937", [0x72, 0xf8, 0x1f, 0x4e]],
  ["DTS", [0xfe, 0x7f, 0x01, 0x80, 5, 0xfc]],
  ["DTS in words of 14 bits", [0xff, 0x1f, 0x00, 0xe8, 0xf1, 0x07]],
])("WAV that holds %s is refused in a sentence", async (_, frame) => {
  const data = wave(...frame);
  expect(isBitstream(data)).toBe(true);
  await expect(load(new File([data], "a.wav"))).rejects.toThrow("has AC-3 or DTS");
});

it("samples, and other kinds of files, are none", () => {
  expect(isBitstream(wave(0xfe, 0x7f, 0x01, 0x80, 5, 0))).toBe(false);
  expect(isBitstream(wave())).toBe(false);
  const other = wave(0x72, 0xf8, 0x1f, 0x4e);
  other[8] = 0x41;
  expect(isBitstream(other)).toBe(false);
});
