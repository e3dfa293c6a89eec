/** Buttons, sliders and lane headers. */

import { meterAt, statedPart } from "../core/bars";
import { barAndBeat, secondsPerBeat } from "../core/beats";
import type { Snap } from "../core/snap";
import { nameOf } from "../core/song";
import { clock } from "../core/time";
import { counted } from "../core/words";
import type { Session } from "../session/session";
import { button, choice, icon, labelled, make, press, toolbar } from "./dom";
import { EditBar, mixSliders } from "./edit-bar";
import { RULER, SPECTRUM, WAVE } from "./lanes";
import { Practice } from "./practice";
import type { Panel, Stage } from "./stage";
import { colourOf, shapeOf } from "./theme";

const PLAY = "!M5 2.8v10.4l8.4-5.2z";
const PAUSE = "!M4 3h3v10H4zM9 3h3v10H9z";

interface Head {
  readonly element: HTMLElement;
  readonly count: HTMLElement;
  readonly mute: HTMLButtonElement;
  readonly solo: HTMLButtonElement;
}

export class Controls implements Panel {
  readonly #session: Session;
  readonly #stage: Stage;
  readonly top: HTMLElement[];
  readonly bottom: HTMLElement[];
  readonly gutter = make("div.gutter");
  readonly #play = button("Play or pause (Space)", icon(PLAY), () => this.#session.toggle());
  readonly #loop = button(
    "Loop the selection (L)",
    icon("M3 7V6a2 2 0 0 1 2-2h7M10 2l2 2-2 2M13 9v1a2 2 0 0 1-2 2H4M6 14l-2-2 2-2"),
    () => this.#session.setLooping(!this.#session.looping),
  );
  readonly #back = button("Undo (Ctrl+Z)", icon("M6 3L3 6l3 3M3 6h6.5a3.5 3.5 0 0 1 0 7H7"), () =>
    this.#session.undo(),
  );
  readonly #forth = button(
    "Redo (Ctrl+Y)",
    icon("M10 3l3 3-3 3M13 6H6.5a3.5 3.5 0 0 0 0 7H9"),
    () => this.#session.redo(),
  );
  readonly #now = make("b", {}, "0:00.0");
  readonly #place = make("span.place");
  readonly #bars = button("Select this bar, or one bar more (B)", "Bar", () =>
    this.#session.selectBars(),
  );
  readonly #notation = button("Notation (V)", "♫", () => this.#stage.toggleNotation());
  readonly #snap = choice(
    "Snap (G)",
    { peak: "Snap: peak", grid: "Snap: grid", off: "Snap: off" },
    (value) => {
      this.#session.snap = value as Snap;
    },
  );
  readonly #says = make("span.says", { role: "status", "aria-live": "polite" });
  readonly #warnings = make("div.warnings", { role: "alert" });
  readonly #counts = make("span");
  readonly #edit: EditBar;
  readonly #practice: Practice;
  readonly help = make("div.help", { hidden: true });
  #heads: Head[] = [];
  #shown = "";
  readonly #stop: () => void;

  constructor(session: Session, stage: Stage, own: readonly HTMLElement[]) {
    this.#session = session;
    this.#stage = stage;
    const { header } = session.song;
    this.#play.className = "play";
    this.#edit = new EditBar(session);
    this.#practice = new Practice(session);
    press(this.#loop, false);
    const title = make("span.title", { title: header.title }, header.title);
    const time = make("span.time", {}, this.#now, ` / ${clock(header.duration)}`);
    this.top = [
      toolbar(
        "Play, edit and save",
        this.#play,
        this.#loop,
        this.#bars,
        time,
        this.#place,
        title,
        make("span.grow"),
        this.#back,
        this.#forth,
        this.#snap,
        ...own,
        this.#notation,
        button("Zoom out (−)", "−", () => stage.zoomBy(1 / 1.6)),
        button("Zoom in (+)", "+", () => stage.zoomBy(1.6)),
        button("Keys and gestures (?)", "?", () => this.toggleHelp()),
      ),
      this.#warnings,
    ];
    this.bottom = [
      this.#edit.element,
      this.#practice.element,
      make("div.foot", {}, this.#says, this.#counts),
      this.help,
    ];
    const stops = [
      session.on("says", () => this.#says.replaceChildren(session.says)),
      session.on("warns", () => this.#warn()),
    ];
    this.#stop = () => {
      for (const stop of stops) stop();
    };
    this.#warn();
    this.lanes();
    this.sound();
  }

  close(): void {
    this.#stop();
  }

  #warn(): void {
    this.#warnings.replaceChildren(
      ...[...this.#session.warnings.values()].map(({ text, action }) =>
        make("p", {}, text, ...(action ? [button(action.label, action.label, action.do)] : [])),
      ),
    );
  }

  showSnap(): void {
    this.#snap.value = this.#session.snap;
  }

  /** Show or hide the help. */
  async toggleHelp(): Promise<void> {
    try {
      const { toggleHelp } = await this.#stage.loadExtras();
      toggleHelp(this.help, this.#stage);
    } catch (error) {
      this.#session.say(`No help: ${error}`);
    }
  }

  /** Update the lane headers; rebuild them only if the lanes or the theme have changed. */
  lanes(): void {
    const session = this.#session;
    const key = session.lanes.join() + this.#stage.theme.dark;
    if (key !== this.#shown) {
      this.#shown = key;
      const head = (height: number, ...children: (Node | string)[]) => {
        const element = make("div.head", {}, ...children);
        element.style.height = `${height}px`;
        return element;
      };
      this.#heads = session.lanes.map((drum, lane) => this.#head(drum, lane));
      this.gutter.replaceChildren(
        head(36, "Overview"),
        head(RULER, "Time · bar"),
        head(WAVE, "Waveform"),
        head(SPECTRUM, "Spectrogram"),
        ...this.#heads.map(({ element }) => element),
      );
    }
    this.update();
  }

  #head(drum: string, lane: number): Head {
    const session = this.#session;
    const strip = session.player.mixer.strip(drum);
    const name = nameOf(drum);
    const glyph = make("canvas", { width: 32, height: 32, "aria-hidden": "true" });
    const context = glyph.getContext("2d");
    if (context) {
      context.fillStyle = colourOf(this.#stage.theme, drum);
      context.beginPath();
      shapeOf(drum)(context, 16, 16, 12);
      context.fill();
    }
    const count = make("span");
    const flip = (which: "mute" | "solo") => () => {
      strip[which] = !strip[which];
      session.mixed();
    };
    const mute = button(`Mute ${name}`, "M", flip("mute"));
    const solo = button(`Solo ${name}`, "S", flip("solo"));
    const [level, pan] = mixSliders(session, () => drum, [`${name} level`, `${name} balance`]);
    const element = make(
      "div.head.strip",
      { "data-drum": drum, click: () => this.choose(lane) },
      make("div.row", {}, glyph, make("span.name", {}, name), count),
      make("div.row", {}, mute, solo, labelled("Vol", level), labelled("Pan", pan)),
    );
    return { element, count, mute, solo };
  }

  choose(lane: number): void {
    this.#stage.choose(lane);
    this.update();
  }

  update(): void {
    const session = this.#session;
    this.#heads.forEach(({ element, count, mute, solo }, lane) => {
      const drum = session.lanes[lane];
      const strip = session.player.mixer.strip(drum);
      element.style.height = `${this.#stage.lanes.tall(lane)}px`;
      element.classList.toggle("folded", this.#stage.lanes.isFolded(lane));
      element.classList.toggle("active", lane === session.lane);
      element.classList.toggle("silent", !session.player.mixer.audible(drum));
      count.textContent = String(session.count(drum));
      press(mute, strip.mute);
      press(solo, strip.solo);
    });
    this.#edit.update();
    this.#practice.update();
    press(this.#notation, !this.#stage.notation.hidden);
    this.#bars.hidden = session.beats.length < 2;
    const { log } = session;
    this.#back.disabled = !log.cursor;
    this.#forth.disabled = log.cursor === log.steps.length;
    const hits = counted(session.hits.length, "hit");
    this.#counts.textContent = `${hits} · ${counted(log.cursor, "edit")}`;
    this.#stage.label();
  }

  sound(): void {
    const session = this.#session;
    this.#play.replaceChildren(icon(session.player.playing ? PAUSE : PLAY));
    press(this.#loop, session.looping);
    this.update();
  }

  time(seconds: number): void {
    const text = clock(seconds, 1);
    if (this.#now.textContent !== text) this.#now.textContent = text;
    const { beats, timing } = this.#session;
    const pace = secondsPerBeat(beats, seconds);
    const place = barAndBeat(beats, seconds);
    const meter = meterAt(timing, seconds);
    const part = statedPart(meter);
    const { tempo } = this.#session;
    const pulse = pace && `${tempo ? tempo * part : Math.round((60 * part) / pace)} BPM`;
    const counted = [pulse, meter].filter(Boolean).join(" ");
    const where = [place && `bar ${place}`, counted].filter(Boolean).join(" · ");
    if (this.#place.textContent !== where) this.#place.textContent = where;
  }
}
