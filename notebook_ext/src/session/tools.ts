/**
 * What a session can do besides listening and correcting hits. Its code is not needed at first
 * sight: hosts may load it later.
 */

import { Prepared } from "../sound/prepared";
import { addChunk } from "./analysis";
import { BarEdits, type Corrected } from "./bar-edits";
import { OwnDrums, type Played } from "./own-drums";

export class Tools {
  readonly bars: BarEdits;
  readonly ownDrums: OwnDrums;
  readonly addChunk = addChunk;

  /** From here on, the session's player can play at any speed. */
  constructor(session: Corrected & Played) {
    this.bars = new BarEdits(session);
    this.ownDrums = new OwnDrums(session);
    if (session.chunks) session.player.prepared = new Prepared(session.chunks);
  }
}
