/** Where the lanes lie. Those that have no hits are folded until somebody opens them. */

import type { Session } from "../session/session";

export const RULER = 36;
export const WAVE = 68;
export const SPECTRUM = 104;
export const LANE = 54;
/** As much as a finger needs. */
const FOLDED = 26;
const TOP = RULER + WAVE + SPECTRUM;

export class Lanes {
  /** Pixels from the top of the time line; behind the last lane its whole height. */
  #tops: number[] = [];
  readonly #open = new Set<string>();

  constructor(private readonly session: Session) {
    this.update();
  }

  /** Hits have come: their lanes stay open from now on. */
  update(): void {
    let top = TOP;
    this.#tops = [top];
    for (const drum of this.session.lanes) {
      if (this.session.count(drum)) this.#open.add(drum);
      top += this.#open.has(drum) ? LANE : FOLDED;
      this.#tops.push(top);
    }
  }

  open(lane: number): void {
    this.#open.add(this.session.lanes[lane]);
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

  /** Which lane a place is in; below 0: above the lanes. */
  at(y: number): number {
    const below = this.#tops.findIndex((top) => top > y);
    return (below < 0 ? this.#tops.length - 1 : below) - 1;
  }
}
