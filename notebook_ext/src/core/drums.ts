/** The drums, and which of them is a kind of which. */

import { DRUMS } from "./tables";

export { DRUMS, type DrumInfo } from "./tables";

export const coarseOf = (code: string): string => DRUMS[code]?.coarse ?? code;
