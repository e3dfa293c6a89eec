/** One bundle for notebooks and for the page that can be sent. */

import { widget } from "./notebook";
import { startPage } from "./page";

startPage();

export default widget;
