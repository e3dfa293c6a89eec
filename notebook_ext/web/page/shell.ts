/** The page around a song: drop area, list of stored songs, and files to save. */

import { clock } from "../../src/core/time";
import { button, choice, make } from "../../src/view/dom";
import { licences } from "./embedded";
import { type DrumMap, KINDS, type Kind } from "./exports";
import { type Entry, isFine } from "./store";
import { welcome } from "./welcome";

const ACCEPT =
  "audio/*,.json,.txt,.mid,.midi,.zip,.wav,.mp3,.flac,.ogg,.oga,.opus,.m4a,.aac,.mp4,.webm";

/** User actions; `main.ts` implements them. */
export interface Deeds {
  /** A recording is likely to follow: a file is dragged over the page, or the dialog opens. */
  expect(): void;
  take(files: readonly File[]): void;
  cancel(): void;
  open(entry: Entry): void;
  remove(entry: Entry): void;
  save(kind: Kind, map: DrumMap): void;
  example(): void;
}

export class Shell {
  /** The element in which songs are shown. */
  readonly song = make("div.song");
  readonly #input = make("input", {
    type: "file",
    multiple: true,
    accept: ACCEPT,
    class: "unseen",
  });
  readonly #drop = make(
    "label.drop",
    {},
    this.#input,
    make("span", {}, make("b", {}, "Drop a recording here"), ", or click to choose one"),
    make("small", {}, "WAV, MP3, FLAC, OGG, M4A. Nothing leaves this computer."),
  );
  readonly #fine = make("input", { type: "checkbox" });
  readonly #stage = make("span", { role: "status", "aria-live": "polite" });
  readonly #progress = make("progress", { max: 1, "aria-label": "Progress" });
  readonly #work = make(
    "div.work",
    { hidden: true },
    this.#stage,
    this.#progress,
    button("Cancel", "Cancel", () => this.deeds.cancel()),
  );
  readonly #notice = make("p.notice", { role: "alert", hidden: true });
  readonly #saving: HTMLElement;
  readonly #welcome: HTMLElement;
  readonly #list = make("ul");
  readonly #kept = make(
    "section.kept",
    { "aria-label": "Songs kept in this browser", hidden: true },
    make("h2", {}, "Kept in this browser"),
    this.#list,
  );

  constructor(
    place: HTMLElement,
    private readonly deeds: Deeds,
    maps: readonly DrumMap[],
  ) {
    this.#input.addEventListener("click", () => deeds.expect());
    this.#input.addEventListener("change", () => {
      deeds.take([...(this.#input.files ?? [])]);
      this.#input.value = ""; // the same file may be chosen again
    });
    this.#saving = this.#saveBar(maps);
    this.#welcome = welcome(() => deeds.example());
    place.append(
      make(
        "header",
        {},
        make("h1", {}, "Drum track of a recording"),
        make(
          "p",
          {},
          "Hear, see and correct every hit, and save them for Audacity, a DAW or paper.",
        ),
      ),
      this.#drop,
      make(
        "label",
        { class: "fine" },
        this.#fine,
        " Tell open hi-hats from closed ones, and kinds of cymbals and toms, where that is certain",
      ),
      this.#work,
      this.#notice,
      this.#welcome,
      this.#saving,
      this.song,
      this.#kept,
      make("details", {}, make("summary", {}, "Licences"), make("pre", {}, licences())),
    );
    this.#listen();
  }

  /** Accept drops anywhere, or the browser would open the file instead of the page. */
  #listen(): void {
    const over = (on: boolean) => this.#drop.classList.toggle("over", on);
    addEventListener("dragenter", () => this.deeds.expect());
    addEventListener("dragover", (event) => {
      event.preventDefault();
      over(true);
    });
    addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) over(false);
    });
    addEventListener("drop", (event) => {
      event.preventDefault();
      over(false);
      this.deeds.take([...(event.dataTransfer?.files ?? [])]);
    });
  }

  #saveBar(maps: readonly DrumMap[]): HTMLElement {
    let map = maps[0];
    const byName = Object.fromEntries(maps.map(({ name, title }) => [name, title]));
    const notes = choice("Notes of the MIDI file", byName, (name) => {
      map = maps.find((one) => one.name === name) ?? map;
    });
    const save = (kind: Kind) =>
      button(`Save ${KINDS[kind]}`, KINDS[kind], () => this.deeds.save(kind, map));
    return make(
      "section.saving",
      { "aria-label": "Save the hits", hidden: true },
      make("span", {}, "Save:"),
      save("labels"),
      save("split"),
      make("span.pair", {}, save("midi"), save("plain"), notes),
      save("tab"),
      save("json"),
      save("click"),
      make(
        "small",
        {},
        "MIDI has the song's own tempo and bars; at 120 BPM its ticks are plain time, for a " +
          "project whose tempo stays as it is.",
      ),
    );
  }

  /** Whether finer drums are requested for the next recordings. */
  get isFine(): boolean {
    return this.#fine.checked;
  }

  /** Show what is being done, and the share that is done, 0 to 1; null: unknown. */
  busy(stage: string, done: number | null): void {
    this.#work.hidden = false;
    if (this.#stage.textContent !== stage) this.#stage.textContent = stage;
    if (done === null) this.#progress.removeAttribute("value");
    else this.#progress.value = done;
  }

  idle(): void {
    this.#work.hidden = true;
    this.#stage.textContent = "";
  }

  /** Show a message, which stays until the next one. */
  tell(text: string): void {
    this.#notice.textContent = text;
    this.#notice.hidden = !text;
  }

  /** Adapt the page to whether a song is shown. */
  showing(isThere: boolean): void {
    this.#saving.hidden = !isThere;
    this.#welcome.hidden = isThere;
    this.#drop.classList.toggle("small", isThere);
  }

  list(entries: readonly Entry[], shown: string | null): void {
    this.#kept.hidden = !entries.length;
    this.#list.replaceChildren(
      ...entries.map((entry) => {
        const day = new Date(entry.added).toLocaleDateString();
        const open = button(`Open ${entry.name}`, entry.name, () => this.deeds.open(entry));
        if (entry.id === shown) open.setAttribute("aria-current", "true");
        return make(
          "li",
          {},
          open,
          make(
            "span",
            {},
            [clock(entry.duration), day, ...(isFine(entry) ? ["finer drums"] : [])].join(" · "),
          ),
          button(`Remove ${entry.name}`, "Remove", () => this.deeds.remove(entry)),
        );
      }),
    );
  }
}
