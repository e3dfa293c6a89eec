/** A track with the pictures or the sound of a film. */
export interface Track {
  readonly kind: "audio" | "video";
  readonly isDefault: boolean;
  /** Time of its first packet in seconds; null if it has none. */
  readonly start: number | null;
  /** Time of its first decoded sample in seconds. */
  readonly sounds: number | null;
  /** Seconds to skip at its beginning after `mend`. */
  readonly skip: number;
  /** Change the file's bytes so that players ignore the track. */
  hide(): void;
  /** Correct the file's bytes for the browser's decoder. */
  mend(): void;
}
