/** What controls, pointers and keys use of the view that they belong to. */

import type { Viewport } from "../core/time";
import type { Session } from "../session/session";
import type { Lanes } from "./lanes";
import type { Theme } from "./theme";

export interface Stage {
  readonly session: Session;
  readonly root: HTMLElement;
  readonly timeLine: HTMLElement;
  readonly overview: HTMLElement;
  readonly viewport: Viewport;
  readonly theme: Theme;
  readonly controls: Panel;
  setViewport(viewport: Viewport): void;
  zoomBy(factor: number, x?: number): void;
  readonly lanes: Lanes;
  /** Make a lane the active one; one that is folded opens. */
  choose(lane: number): void;
  /** Something that is drawn over the picture has changed. */
  changed(): void;
  /** Lane, hits or edits have changed: for screen readers. */
  label(): void;
}

/** What keys use of the buttons. */
export interface Panel {
  readonly help: HTMLElement;
  toggleHelp(): void;
  showSnap(): void;
  update(): void;
}

/** Kinds of files, by name, and a way to save one. */
export interface Exports {
  readonly kinds: Readonly<Record<string, string>>;
  save(kind: string): void;
}
