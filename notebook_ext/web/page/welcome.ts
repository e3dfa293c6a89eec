/** The start page: what the page does, shown until there is a song. */

import { button, make } from "../../src/view/dom";

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, STEPS] = [640, 150, 32];
/** Two bars in sixteenths: cymbal, hi-hat, snare, kick. */
const LANES = [
  "x...............................",
  "..x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.",
  "....x.......x.......x......x.x.x",
  "x.....x.x.......x.....x.x.......",
];

const STEPS_TO_TAKE = [
  "Drop a song: a network in this page listens to its drums.",
  "See, hear and correct every hit.",
  "Save labels for Audacity, MIDI for a DAW, or a track of clicks.",
];

/** Return the start page; `example` opens the example recording. */
export const welcome = (example: () => void): HTMLElement =>
  make(
    "section.welcome",
    { "aria-label": "What this page does" },
    picture(),
    make("ol", {}, ...STEPS_TO_TAKE.map((text) => make("li", {}, text))),
    make(
      "p",
      {},
      button("Try it with an example", "Try it with an example", example),
      make("small", {}, "20 seconds of a band, made for this project."),
    ),
  );

/** Draw a recording and its hits. */
function picture(): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", "A waveform, and below it the hits of four drums");
  const draw = (tag: string, attributes: Readonly<Record<string, string | number>>) => {
    const shape = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, String(value));
    svg.append(shape);
  };
  const place = (step: number) => ((step + 0.5) * WIDTH) / STEPS;
  const loud = Array.from({ length: STEPS }, (_, step) =>
    LANES.reduce((sum, lane, n) => sum + Number(lane[step] === "x") * (1 + n), 1),
  );
  for (let bar = 0; bar < 4 * STEPS; bar++) {
    const height = 34 * Math.exp(-(bar % 4) / 2) * (loud[bar >> 2] / 8) + 2;
    const x = (bar * WIDTH) / (4 * STEPS) + 1.5;
    draw("rect", { class: "wave", x, y: 36 - height / 2, width: 2.5, height, rx: 1 });
  }
  LANES.forEach((lane, n) => {
    const y = 84 + 18 * n;
    draw("path", { class: "lane", d: `M0 ${y}H${WIDTH}` });
    [...lane].forEach((sign, step) => {
      if (sign === "x") draw("circle", { class: `hit hit${n}`, cx: place(step), cy: y, r: 5 });
    });
  });
  return svg;
}
