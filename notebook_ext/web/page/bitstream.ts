/** Tells WAV files that hold AC-3 or DTS: `adt_plugins.audio.sniff.is_bitstream`. */

const SEARCHED = 4096;
/** IEC 61937, and DTS in words of 16 and 14 bits in either order of bytes. */
const FRAMES = [
  "72 f8 1f 4e",
  "fe 7f 01 80 00-ff fc-ff",
  "7f fe 80 01 fc-ff",
  "ff 1f 00 e8 f0-ff 07",
  "1f ff e8 00 07 f0-ff",
].map((frame) =>
  frame.split(" ").map((range) => {
    const [least, most = least] = range.split("-").map((hex) => Number.parseInt(hex, 16));
    return [least, most] as const;
  }),
);

/** Return whether a file that begins with `head` is meant for a receiver: noise, as samples. */
export function isBitstream(head: Uint8Array): boolean {
  const bytes = head.subarray(0, SEARCHED);
  const text = String.fromCharCode(...bytes);
  const data = text.startsWith("WAVE", 8) ? text.indexOf("data") : -1;
  const begins = (at: number) =>
    FRAMES.some((frame) =>
      frame.every(([least, most], i) => bytes[at + i] >= least && bytes[at + i] <= most),
    );
  return data > 0 && bytes.subarray(data + 8).some((_, i) => begins(data + 8 + i));
}
