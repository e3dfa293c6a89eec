/** Prepares the page so that the browser prints a part alone, on paper or as a PDF. */

import { draw } from "../engraving/draw";
import { legend } from "../engraving/legend";
import { layOut } from "../engraving/lines";
import { OUTLINES } from "../engraving/pen";
import type { Score } from "../notation/score";
import { make } from "../view/dom";
import pageStyle from "./printed-page.css";
import partStyle from "./printed-part.css";

/** Width of a line in staff spaces, which are 1.8 mm on A4. */
const WIDTH = 104;

const sheetOf = (css: string): CSSStyleSheet => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  return sheet;
};

/** Make the page print a part and nothing else; return a function that restores it. */
export function showForPrint(score: Score, title: string): () => void {
  const place = make("div.adt-print");
  const shadow = place.attachShadow({ mode: "open" });
  shadow.adoptedStyleSheets = [sheetOf(partStyle)];
  const lines = make("div.lines");
  const drawings = layOut(score, WIDTH).map((line) => draw(score, line));
  lines.innerHTML = `<svg width="0" height="0"><defs>${OUTLINES}</defs></svg>${[
    ...drawings,
    ...legend(score, WIDTH),
  ]
    .map(({ svg, width }) => svg.replace("<svg ", `<svg width="${(100 * width) / WIDTH}%" `))
    .join("")}`;
  shadow.append(make("h1", {}, title), lines);
  if (score.omissions) shadow.append(make("p", {}, score.omissions));
  const sheet = sheetOf(pageStyle);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  document.body.append(place);
  return () => {
    place.remove();
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
  };
}
