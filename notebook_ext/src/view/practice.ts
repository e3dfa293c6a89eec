/** Controls for practising: levels, speed, metronome, bars and tempo. */

import type { Session } from "../session/session";
import type { Kit } from "../sound/sounds";
import { button, choice, labelled, make, press, slider, toolbar } from "./dom";

const METERS = ["2/4", "3/4", "4/4", "5/4", "6/8", "7/8", "9/8", "12/8"];

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

function ownDrums(session: Session): HTMLElement {
  const { drumless, noDrumless = "" } = session.host;
  const decibels = make("output.value", {}, "0 dB");
  const quieter = slider(
    "Level of the song's own drums",
    [QUIETEST, 0, 1],
    0,
    (value) => {
      const isSilent = value === QUIETEST;
      session.player.setDrums(isSilent ? 0 : 10 ** (value / 20));
      decibels.textContent = `${isSilent ? "−∞" : value || "0"} dB`.replace("-", "−");
    },
    () => session.use(({ ownDrums }) => void ownDrums.request()),
  );
  const isAvailable = !!(session.chunks && drumless);
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
    const { player } = session;
    this.#speed = slider(
      "Speed, pitch kept",
      [50, 150, 5],
      100,
      (value) => {
        this.#percent.textContent = `${value} %`;
      },
      // Time-stretching takes a while, so it waits until the slider is released.
      (value) => session.setSpeed(value / 100),
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
        if (meter) session.use(({ bars }) => bars.setMeter(meter));
      },
    );
    this.#ofBeats = [
      this.#metronome,
      this.#countIn,
      button("A bar starts at the playhead (D)", "Bar starts here", () =>
        session.use(({ bars }, now) => bars.start(now)),
      ),
      button("Half the tempo (Shift+X)", "÷2", () => session.use(({ bars }) => bars.scale(0.5))),
      button("Twice the tempo (X)", "×2", () => session.use(({ bars }) => bars.scale(2))),
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
        button("Tap the beats while the song plays, starting on a 1 (R)", "Tap", () =>
          session.use(({ bars }, now) => bars.tap(now)),
        ),
      ),
      pictureDelay(player),
    );
  }

  update(): void {
    const { player, beats } = this.#session;
    for (const element of this.#ofBeats) element.hidden = beats.length < 2;
    this.#speed.value = String(100 * player.speed);
    this.#percent.textContent = `${this.#speed.value} %`;
    press(this.#metronome, player.metronome);
    press(this.#countIn, player.countsIn);
    const meter = this.#session.meter ?? "";
    // A meter that the list does not offer leaves the placeholder.
    this.#meter.value = meter;
    if (this.#meter.value !== meter) this.#meter.value = "";
  }
}
