/**
 * Colours for light and dark hosts. The drums use Okabe and Ito's palette, which
 * colour-blind people can tell apart, adjusted to a contrast of at least 3:1. Each drum
 * has a shape as well, so nothing depends on colour alone.
 */

import { coarseOf } from "../core/drums";
import { COLOURS } from "../core/tables";

export interface Theme {
  readonly dark: boolean;
  readonly ground: string;
  readonly lane: string;
  readonly laneAlt: string;
  readonly line: string;
  readonly bar: string;
  readonly text: string;
  readonly dim: string;
  readonly wave: string;
  readonly accent: string;
  readonly drums: Readonly<Record<string, string>>;
  /** 256 spectrogram colours, RGBA in little-endian order. */
  readonly heat: Uint32Array;
}

type Stop = readonly [at: number, r: number, g: number, b: number];

function ramp(stops: readonly Stop[]): Uint32Array {
  const out = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    const x = i / 255;
    const k = Math.max(
      stops.findIndex((stop) => stop[0] >= x),
      1,
    );
    const [low, high] = [stops[k - 1], stops[k]];
    const part = (x - low[0]) / (high[0] - low[0]);
    const mix = (c: 1 | 2 | 3) => Math.round(low[c] + (high[c] - low[c]) * part);
    out[i] = (255 << 24) | (mix(3) << 16) | (mix(2) << 8) | mix(1);
  }
  return out;
}

export const DARK: Theme = {
  dark: true,
  ground: "#14171c",
  lane: "#181c22",
  laneAlt: "#1b2027",
  line: "#ffffff0e",
  bar: "#ffffff26",
  text: "#e3e7ee",
  dim: "#8d97a7",
  wave: "#7f9dbb",
  accent: "#fff",
  drums: {
    KD: "#f0824a",
    SD: "#5cb8ee",
    HH: "#efd34a",
    TT: "#35bd92",
    CY: "#de92c6",
    OT: "#aab3c0",
  },
  heat: ramp([
    [0, 20, 23, 28],
    [0.3, 28, 40, 66],
    [0.55, 38, 88, 120],
    [0.75, 72, 158, 158],
    [0.9, 190, 214, 160],
    [1, 252, 244, 205],
  ]),
};

export const LIGHT: Theme = {
  dark: false,
  ground: "#fff",
  lane: "#fafbfc",
  laneAlt: "#f5f7f9",
  line: "#141e3212",
  bar: "#141e3233",
  text: "#1d2530",
  dim: "#5d6877",
  wave: "#6c88a6",
  accent: "#10161f",
  drums: COLOURS,
  heat: ramp([
    [0, 255, 255, 255],
    [0.35, 226, 236, 244],
    [0.6, 142, 184, 214],
    [0.8, 56, 116, 166],
    [0.93, 30, 62, 110],
    [1, 14, 24, 52],
  ]),
};

export const colourOf = (theme: Theme, drum: string): string =>
  theme.drums[coarseOf(drum)] ?? theme.drums.OT;

type Draw = (path: Path2D | CanvasRenderingContext2D, x: number, y: number, r: number) => void;

const polygon =
  (corners: number, turn: number, inner = 1): Draw =>
  (path, x, y, r) => {
    const count = inner === 1 ? corners : 2 * corners;
    for (let i = 0; i < count; i++) {
      const angle = turn + (2 * Math.PI * i) / count;
      const radius = i % 2 && inner !== 1 ? r * inner : r;
      const [px, py] = [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
      if (i) path.lineTo(px, py);
      else path.moveTo(px, py);
    }
    path.closePath();
  };

const UP = -Math.PI / 2;
const circle: Draw = (path, x, y, r) => {
  path.moveTo(x + 0.9 * r, y);
  path.arc(x, y, 0.9 * r, 0, 2 * Math.PI);
};
const square: Draw = (path, x, y, r) => path.rect(x - 0.8 * r, y - 0.8 * r, 1.6 * r, 1.6 * r);

const SHAPES: Readonly<Record<string, Draw>> = {
  KD: circle,
  SD: square,
  HH: polygon(3, UP),
  OHH: polygon(3, UP, 0.25),
  PHH: polygon(3, -UP),
  TT: polygon(4, UP),
  CY: polygon(5, UP, 0.45),
  RDC: polygon(4, UP, 0.4),
  RDB: polygon(6, UP, 0.5),
  SST: polygon(4, Math.PI / 4, 0.35),
  OT: polygon(6, UP),
};

export const shapeOf = (drum: string): Draw => SHAPES[drum] ?? SHAPES[coarseOf(drum)] ?? SHAPES.OT;

/** Whether an element stands on a dark background. */
export function isDark(element: Element): boolean {
  const { body } = element.ownerDocument;
  const jupyter = body.dataset.jpThemeLight;
  if (jupyter !== undefined) return jupyter === "false";
  for (let at: Element | null = element; at; at = at.parentElement) {
    const parts = getComputedStyle(at)
      .backgroundColor.match(/[\d.]+/g)
      ?.map(Number);
    if (!parts || parts[3] === 0) continue;
    return 0.3 * parts[0] + 0.6 * parts[1] + 0.1 * parts[2] < 128;
  }
  return matchMedia("(prefers-color-scheme: dark)").matches;
}
