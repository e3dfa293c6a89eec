/** Draws SVG as text, in staff spaces, with y growing downwards from the top line of the staff. */

import { GLYPHS, type Glyph, type GlyphName } from "./glyphs";

/** Round to hundredths of a space. */
const short = (value: number): string => String(Math.round(100 * value) / 100);

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Return the extent of a glyph about its origin. */
export function boxOf(name: GlyphName, scale = 1): Box {
  const [left, top, right, bottom] = GLYPHS[name].box.map((value) => (value * scale) / 100);
  return { left, top, right, bottom };
}

/** Return the point of a glyph where a stem joins, relative to its origin. */
export function joint(name: GlyphName, side: "up" | "down"): { x: number; y: number } {
  const glyph: Glyph = GLYPHS[name];
  const [x, y] = glyph[side] ?? [0, 0];
  return { x: x / 100, y: y / 100 };
}

/** Definitions of all outlines; drawings refer to them, so a document needs them once. */
export const OUTLINES = Object.entries(GLYPHS)
  .map(([name, { path }]) => `<path id="adt-${name}" d="${path}"/>`)
  .join("");

export class Pen {
  top = 0;
  bottom = 4;
  #shapes = "";
  #signs = "";

  #reach(top: number, bottom: number): void {
    this.top = Math.min(this.top, top);
    this.bottom = Math.max(this.bottom, bottom);
  }

  /** Draw a glyph; `part` becomes its class. */
  glyph(name: GlyphName, x: number, y: number, { scale = 1, part = "" } = {}): void {
    const { top, bottom } = boxOf(name, scale);
    this.#reach(y + top, y + bottom);
    const what = part && ` class="${part}"`;
    const at = `${short(x)} ${short(y)}`;
    this.#signs += `<use${what} href="#adt-${name}" transform="translate(${at})scale(${short(scale)}e-2)"/>`;
  }

  rect(x: number, y: number, width: number, height: number): void {
    this.#reach(y, y + height);
    const [w, h] = [short(width), short(height)];
    this.#shapes += `M${short(x)} ${short(y)}h${w}v${h}h${short(-width)}z`;
  }

  /** Draw a straight line as an area. */
  slant(x: number, y: number, right: number, lower: number, thickness: number): void {
    const far = Math.hypot(right - x, lower - y);
    const [dx, dy] = [(((lower - y) / far) * thickness) / 2, (((right - x) / far) * thickness) / 2];
    const corners = [
      [x + dx, y - dy],
      [right + dx, lower - dy],
      [right - dx, lower + dy],
      [x - dx, y + dy],
    ];
    this.#reach(Math.min(y, lower), Math.max(y, lower));
    this.#shapes += `M${corners.map((corner) => corner.map(short).join(" ")).join("L")}z`;
  }

  text(words: string, x: number, y: number, kind: string, size = 1.8): void {
    this.#reach(y - 0.8 * size, y + 0.25 * size);
    const at = `x="${short(x)}" y="${short(y)}" font-size="${short(size)}"`;
    this.#signs += `<text class="${kind}" ${at}>${escaped(words)}</text>`;
  }

  /** Return what was drawn since the last call; `top` and `bottom` go on growing. */
  take(): string {
    const drawn = (this.#shapes && `<path d="${this.#shapes}"/>`) + this.#signs;
    this.#shapes = this.#signs = "";
    return drawn;
  }
}

/** Wrap content in a group with attributes. */
export function group(attributes: Readonly<Record<string, string>>, content: string): string {
  const all = Object.entries(attributes).map(([name, value]) => ` ${name}="${escaped(value)}"`);
  return `<g${all.join("")}>${content}</g>`;
}
