/** Entry point of `extras.js`: what the widget loads when one of it is first shown. */

import { helpPage } from "../view/help";
import type { Extras } from "../view/stage";
import { NotationView } from "./notation-view";

const extras: Extras = {
  openNotation: (session, place, isWholePage) => new NotationView(session, place, isWholePage),
  helpPage,
};

export default extras;
