/** Pictures or sound of a film. */
export interface Track {
  readonly kind: "audio" | "video";
  readonly isDefault: boolean;
  /** Seconds at which its first packet lies; null if nothing of it is there. */
  readonly start: number | null;
  /** Seconds at which the first sample lies that is decoded from it. */
  readonly sounds: number | null;
  /** Seconds to be left out at its beginning when its bytes have been put right. */
  readonly skip: number;
  /** Makes it no audio track, in the bytes that were given. */
  hide(): void;
  /** Puts its bytes right for the browser's decoder. */
  mend(): void;
}
