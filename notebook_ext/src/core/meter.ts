/** Meters and their counted beats: the port of `adt_plugins.meter`. */

/** A time signature: number of units in a bar, and the unit, 4 for quarters. */
export interface Meter {
  readonly beats: number;
  readonly unit: number;
}

/** A meter, and the bar in which it begins; bar 1 starts with the first downbeat. */
export interface MeterChange {
  readonly bar: number;
  readonly meter: Meter;
}

export const COMMON: Meter = { beats: 4, unit: 4 };

/** Parse a meter such as "6/8". */
export function parseMeter(text: string): Meter {
  const [beats, unit] = text.split("/").map(Number);
  return { beats, unit };
}

export const meterText = ({ beats, unit }: Meter): string => `${beats}/${unit}`;

/** Whether its beats are dotted, like those of 6/8. */
export const isCompound = ({ beats, unit }: Meter): boolean =>
  unit === 8 && beats > 3 && beats % 3 === 0;

/** Return the counted beats in a bar: two in 6/8. */
export const countedBeats = (meter: Meter): number =>
  isCompound(meter) ? meter.beats / 3 : meter.beats;

/** Return the length of a counted beat in quarters. */
export const beatQuarters = (meter: Meter): number =>
  (4 / meter.unit) * (isCompound(meter) ? 3 : 1);

/** Return the length in quarters of the note that tempi are stated in: a quarter in 7/8, too. */
export const tempoQuarters = (meter: Meter): number => Math.max(beatQuarters(meter), 1);

/** Return the time signature of a bar with this many counted beats. */
export const signatureOf = (
  meter: Meter,
  count: number,
): readonly [upper: number, lower: number] => [count * (isCompound(meter) ? 3 : 1), meter.unit];

/** Return the meters of bars 1, 2 …; 4/4 where none is known. */
export function metersOfBars(changes: readonly MeterChange[], bars: number): Meter[] {
  let next = 0;
  let now = COMMON;
  return Array.from({ length: bars }, (_, n) => {
    while (next < changes.length && changes[next].bar <= n + 1) now = changes[next++].meter;
    return now;
  });
}

const SIX_EIGHT: Meter = { beats: 6, unit: 8 };

/** Return the meter of detected beats; 6/8 is the only one with two beats to a bar. */
export function metersFound(
  beats: readonly (readonly [time: number, position: number])[],
): MeterChange[] {
  if (!beats.length) return [];
  const count = Math.max(...beats.map(([, position]) => position));
  const meter = count === countedBeats(SIX_EIGHT) ? SIX_EIGHT : { beats: count, unit: 4 };
  return [{ bar: 1, meter }];
}
