/** Positions of the lanes. Lanes without hits are folded until the user opens them. */

import type { Session } from "../session/session";

export const RULER = 36;
export const WAVE = 68;
export const SPECTRUM = 104;
export const LANE = 54;
/** Height of a folded lane: the smallest comfortable touch target. */
const FOLDED = 26;
const TOP = RULER + WAVE + SPECTRUM;

export class Lanes {
  readonly #session: Session;
  /** Tops of the lanes in pixels, followed by the height of the time line. */
  #tops: number[] = [];
  readonly #open = new Set<string>();

  constructor(session: Session) {
    this.#session = session;
    this.update();
  }

  /** Unfold lanes that have got hits; once open, a lane stays open. */
  update(): void {
    let top = TOP;
    this.#tops = [top];
    for (const drum of this.#session.lanes) {
      if (this.#session.count(drum)) this.#open.add(drum);
      top += this.#open.has(drum) ? LANE : FOLDED;
      this.#tops.push(top);
    }
  }

  open(lane: number): void {
    this.#open.add(this.#session.lanes[lane]);
    this.update();
  }

  top(lane: number): number {
    return this.#tops[lane];
  }

  tall(lane: number): number {
    return this.#tops[lane + 1] - this.#tops[lane];
  }

  isFolded(lane: number): boolean {
    return this.tall(lane) < LANE;
  }

  get height(): number {
    return this.#tops[this.#tops.length - 1];
  }

  /** Return the lane at a height; negative above the lanes. */
  at(y: number): number {
    const below = this.#tops.findIndex((top) => top > y);
    return (below < 0 ? this.#tops.length - 1 : below) - 1;
  }
}
