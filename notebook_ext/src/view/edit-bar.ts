/** Controls for the chosen hits and the active lane, by touch or keyboard. */

import { nameOf } from "../core/song";
import { NAMES } from "../core/tables";
import { counted } from "../core/words";
import type { Session } from "../session/session";
import { button, choice, labelled, make, slider, toolbar } from "./dom";

const NUDGE_SECONDS = 0.005;

/** Build the sliders for level and balance of a drum, with these labels. */
export function mixSliders(
  session: Session,
  drum: () => string,
  [level, balance]: readonly [string, string],
): [HTMLInputElement, HTMLInputElement] {
  const strip = () => session.player.mixer.strip(drum());
  const set = (what: "level" | "balance") => (value: number) => {
    strip()[what] = value;
    session.mixed();
  };
  return [
    slider(level, [0, 1, 0.01], strip().level, set("level")),
    slider(balance, [-1, 1, 0.05], strip().balance, set("balance")),
  ];
}

export class EditBar {
  readonly #session: Session;
  readonly element: HTMLElement;
  readonly #lane = make("b.name");
  readonly #threshold: HTMLInputElement;
  readonly #value = make("output.value");
  readonly #level: HTMLInputElement;
  readonly #balance: HTMLInputElement;
  readonly #chosen = make("b.name");
  readonly #loudness: HTMLInputElement;
  readonly #drum: HTMLSelectElement;
  readonly #ofHits: HTMLElement;
  readonly #ofThreshold: HTMLElement;

  constructor(session: Session) {
    this.#session = session;
    this.#threshold = slider(
      "Threshold of the drum",
      [0, 1, 0.005],
      0,
      (value) => session.try(this.#name, value),
      (value) => session.setThreshold(this.#name, value),
    );
    [this.#level, this.#balance] = mixSliders(session, () => this.#name, [
      "Level of the drum",
      "Balance of the drum",
    ]);
    this.#loudness = slider("Loudness of the chosen hits", [1, 127, 1], 100, undefined, (value) =>
      this.#loud(value),
    );
    this.#drum = choice("Drum of the chosen hits", NAMES, (drum) =>
      session.change(session.chosen, () => ({ drum })),
    );
    this.#ofThreshold = labelled("Threshold", this.#threshold, this.#value);
    this.#ofHits = this.#hitControls();
    this.element = make("div.bar.edit", {}, this.#laneControls(), this.#ofHits);
  }

  #laneControls(): HTMLElement {
    return make(
      "div.group",
      { role: "group", "aria-label": "Active drum" },
      this.#lane,
      this.#ofThreshold,
      make("span.mix", {}, labelled("Vol", this.#level), labelled("Pan", this.#balance)),
      button("Add a hit at the playhead (A)", "Add hit", () => this.#session.addHere()),
    );
  }

  #hitControls(): HTMLElement {
    const session = this.#session;
    const nudge = (seconds: number) => () => {
      const by = session.room(session.chosen, seconds);
      session.change(session.chosen, ({ time }) => ({ time: time + by }));
    };
    return make(
      "div.group",
      { role: "group", "aria-label": "Chosen hits" },
      this.#chosen,
      labelled("Loudness", this.#loudness),
      toolbar(
        "Move and delete",
        button("Move 5 ms earlier", "−5 ms", nudge(-NUDGE_SECONDS)),
        button("Move 5 ms later", "+5 ms", nudge(NUDGE_SECONDS)),
        this.#drum,
        button("Delete the chosen hits (Del)", "Delete", () => session.remove(session.chosen)),
      ),
    );
  }

  get #name(): string {
    return this.#session.lanes[this.#session.lane] ?? "";
  }

  /** Shift the velocity of all chosen hits by the same amount, so that the first gets this one. */
  #loud(velocity: number): void {
    const { chosen } = this.#session;
    const by = velocity - (chosen[0]?.velocity ?? velocity);
    this.#session.change(chosen, (hit) => ({ velocity: hit.velocity + by }));
  }

  update(): void {
    const session = this.#session;
    const { chosen } = session;
    const threshold = session.threshold(this.#name);
    const strip = session.player.mixer.strip(this.#name);
    this.#lane.textContent = nameOf(this.#name);
    this.#ofThreshold.hidden = threshold === null;
    this.#threshold.value = String(threshold);
    this.#value.textContent = threshold === null ? "" : threshold.toFixed(3);
    this.#level.value = String(strip.level);
    this.#balance.value = String(strip.balance);
    this.#ofHits.hidden = !chosen.length;
    if (!chosen.length) return;
    this.#chosen.textContent = counted(chosen.length, "hit");
    this.#loudness.value = String(chosen[0].velocity);
    this.#drum.value = chosen[0].drum;
  }
}
