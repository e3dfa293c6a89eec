/** Entry point of `extras.js`, which the widget loads once it is shown. */

import { Tools } from "../session/tools";
import { toggleHelp } from "../view/help";
import type { Extras } from "../view/stage";
import { NotationView } from "./notation-view";

const extras: Extras = {
  Tools,
  openNotation: (session, place, isWholePage) => new NotationView(session, place, isWholePage),
  toggleHelp,
};

export default extras;
