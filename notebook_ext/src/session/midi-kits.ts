/** Channels that a MIDI file makes drum parts, by GS, XG or General MIDI 2: `midi.kits`. */

const DRUM_CHANNEL = 9;
const BANK = 0;
const GM2_RHYTHM = 120;
const XG_BANKS = [126, 127];

/** What a file says of its channels. */
export class Kits {
  readonly #parts = new Map<number, boolean>();
  readonly #banks: [channel: number, bank: number][] = [];
  #isXg = false;

  takeController(channel: number, controller: number, value: number): void {
    if (controller === BANK) this.#banks.push([channel, value]);
  }

  /** Take a system exclusive message, without its status and length. */
  takeSysex(data: Uint8Array): void {
    const [maker, , model, a, b, c, d, e] = data;
    if (data.length >= 8 && maker === 0x41 && model === 0x42 && a === 0x12) {
      // Roland: "use for rhythm part", address 40 1x 15.
      if (b === 0x40 && c >> 4 === 1 && d === 0x15) this.#parts.set(channelOfBlock(c & 15), e > 0);
    } else if (data.length >= 7 && maker === 0x43 && model === 0x4c) {
      // Yamaha: "XG on", and "part mode", address 08 nn 07.
      this.#isXg ||= a === 0 && b === 0 && c === 0x7e;
      if (a === 8 && c === 7 && b < 16) this.#parts.set(b, d > 0);
    }
  }

  get channels(): ReadonlySet<number> {
    const banks = [GM2_RHYTHM, ...(this.#isXg ? XG_BANKS : [])];
    const chosen = this.#banks.filter(([, bank]) => banks.includes(bank));
    const channels = new Set([DRUM_CHANNEL, ...chosen.map(([channel]) => channel)]);
    for (const [channel, isDrums] of this.#parts)
      if (isDrums) channels.add(channel);
      else channels.delete(channel);
    return channels;
  }
}

/** Return the channel of a GS block: 0 is part 10, and 1 to 9 come before it. */
function channelOfBlock(block: number): number {
  if (!block) return DRUM_CHANNEL;
  return block <= DRUM_CHANNEL ? block - 1 : block;
}
