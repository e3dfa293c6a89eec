/** The drums: what Python's `adt_plugins.drums` says of them; compared by a test. */

export interface DrumInfo {
  readonly name: string;
  readonly coarse: string;
  readonly note: number;
}

const drum = (name: string, coarse: string, note: number): DrumInfo => ({ name, coarse, note });

/** In the order in which lists show them. */
export const DRUMS: Readonly<Record<string, DrumInfo>> = {
  KD: drum("Kick", "KD", 36),
  SD: drum("Snare", "SD", 38),
  HH: drum("Hi-hat", "HH", 42),
  TT: drum("Tom", "TT", 47),
  CY: drum("Cymbal", "CY", 49),
  OT: drum("Other", "OT", 39),
  CHH: drum("Closed hi-hat", "HH", 42),
  PHH: drum("Pedal hi-hat", "HH", 44),
  OHH: drum("Open hi-hat", "HH", 46),
  HIT: drum("High tom", "TT", 48),
  MHT: drum("Mid tom", "TT", 47),
  HFT: drum("High floor tom", "TT", 43),
  LFT: drum("Low floor tom", "TT", 41),
  RDC: drum("Ride", "CY", 51),
  RDB: drum("Ride bell", "CY", 53),
  CRC: drum("Crash", "CY", 49),
  SPC: drum("Splash", "CY", 55),
  CHC: drum("China", "CY", 52),
  SST: drum("Side stick", "OT", 37),
};

export const coarseOf = (code: string): string => DRUMS[code]?.coarse ?? code;
