/** Controls for practising: levels, speed, metronome, bars and tempo. */

import { METERS } from "../session/bar-edits";
import type { Session } from "../session/session";
import type { Kit } from "../sound/sounds";
import { button, choice, labelled, make, press, slider, toolbar } from "./dom";

/** Lowest position of the slider in dB, at which the drums are silent. */
const QUIETEST = -36;

const level = (session: Session, name: "song" | "hits", text: string): HTMLElement => {
  const { mix } = session.player.mixer;
  return labelled(
    text,
    slider(`${text} level`, [0, 1, 0.01], mix[name], (value) => {
      mix[name] = value;
      session.mixed();
    }),
  );
};

function ownDrums({ ownDrums, host: { noDrumless = "" } }: Session): HTMLElement {
  const decibels = make("output.value", {}, "0 dB");
  const quieter = slider(
    "Level of the song's own drums",
    [QUIETEST, 0, 1],
    0,
    (value) => {
      const isSilent = value === QUIETEST;
      ownDrums.set(isSilent ? 0 : 10 ** (value / 20));
      decibels.textContent = `${isSilent ? "−∞" : value || "0"} dB`.replace("-", "−");
    },
    () => void ownDrums.request(),
  );
  const { isAvailable } = ownDrums;
  const controls = isAvailable ? [quieter, decibels] : [make("span.note", {}, noDrumless)];
  const element = labelled("Its drums", ...controls);
  element.hidden = !isAvailable && !noDrumless;
  return element;
}

function pictureDelay(player: Session["player"]): HTMLElement {
  const ms = make("span", {}, "0 ms");
  const offset = slider("Picture delay, for headphones that lag", [-300, 300, 5], 0, (value) => {
    player.visualOffset = value / -1000;
    ms.textContent = `${value} ms`;
  });
  return labelled("Picture delay", offset, ms);
}

export class Practice {
  readonly #session: Session;
  readonly element: HTMLElement;
  readonly #metronome: HTMLButtonElement;
  readonly #countIn: HTMLButtonElement;
  readonly #meter: HTMLSelectElement;
  readonly #speed: HTMLInputElement;
  readonly #percent = make("output.value");
  readonly #ofBeats: HTMLElement[];

  constructor(session: Session) {
    this.#session = session;
    const { player, bars } = session;
    this.#speed = slider(
      "Speed, pitch kept",
      [50, 150, 5],
      100,
      (value) => {
        this.#percent.textContent = `${value} %`;
      },
      // Time-stretching takes a while, so it waits until the slider is released.
      (value) => player.setSpeed(value / 100),
    );
    this.#metronome = button("Metronome (T)", "Metronome", () =>
      player.setMetronome(!player.metronome),
    );
    this.#countIn = button("Count in a bar (C)", "Count-in", () => session.toggleCountIn());
    const meters = Object.fromEntries(METERS.map((meter) => [meter, meter]));
    this.#meter = choice(
      "Meter of the selection, or of the song",
      { "": "Meter …", ...meters },
      (meter) => {
        if (meter) bars.setMeter(meter);
      },
    );
    this.#ofBeats = [
      this.#metronome,
      this.#countIn,
      button("A bar starts at the playhead (D)", "Bar starts here", () => bars.start()),
      button("Half the tempo (Shift+X)", "÷2", () => bars.scale(0.5)),
      button("Twice the tempo (X)", "×2", () => bars.scale(2)),
      this.#meter,
    ];
    this.element = make(
      "div.bar.low",
      {},
      level(session, "song", "Song"),
      ownDrums(session),
      level(session, "hits", "Hits"),
      choice("Sound of hits", { drums: "drum sounds", clicks: "clicks" }, (value) =>
        player.setKit(value as Kit),
      ),
      labelled("Speed", this.#speed, this.#percent),
      toolbar(
        "Beats and bars",
        ...this.#ofBeats,
        button("Tap the beats while the song plays, starting on a 1 (R)", "Tap", () => bars.tap()),
      ),
      pictureDelay(player),
    );
  }

  update(): void {
    const { player, beats, bars } = this.#session;
    for (const element of this.#ofBeats) element.hidden = beats.length < 2;
    this.#speed.value = String(100 * player.speed);
    this.#percent.textContent = `${this.#speed.value} %`;
    press(this.#metronome, player.metronome);
    press(this.#countIn, player.countsIn);
    const meter = bars.meter ?? "";
    // A meter that the list does not offer leaves the placeholder.
    this.#meter.value = meter;
    if (this.#meter.value !== meter) this.#meter.value = "";
  }
}
