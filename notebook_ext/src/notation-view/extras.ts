/** Entry point of `extras.js`, which the widget loads when one of its parts is first shown. */

import { helpPage } from "../view/help";
import type { Extras } from "../view/stage";
import { NotationView } from "./notation-view";

const extras: Extras = {
  openNotation: (session, place, isWholePage) => new NotationView(session, place, isWholePage),
  helpPage,
};

export default extras;
