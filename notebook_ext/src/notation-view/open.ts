/** Entry point of `notation.js`, which the widget loads when notation is first shown. */

import type { OpenNotation } from "../view/stage";
import { NotationView } from "./notation-view";

const open: OpenNotation = (session, place, isWholePage) =>
  new NotationView(session, place, isWholePage);

export default open;
