/** The part of the view that its controls, pointers and keys may use. */

import type { Viewport } from "../core/time";
import type { Session } from "../session/session";
import type { Tools } from "../session/tools";
import type { Lanes } from "./lanes";
import type { Theme } from "./theme";

export interface Stage {
  readonly session: Session;
  readonly root: HTMLElement;
  readonly timeLine: HTMLElement;
  readonly overview: HTMLElement;
  readonly view: Viewport;
  readonly theme: Theme;
  readonly controls: Panel;
  setView(view: Viewport): void;
  zoomBy(factor: number, x?: number): void;
  readonly lanes: Lanes;
  /** Make a lane the active one, and unfold it. */
  choose(lane: number): void;
  /** Redraw the overlay. */
  changed(): void;
  /** Load what is not needed at first sight. */
  loadExtras(): Promise<Extras>;
  /** The panel that shows the notation. */
  readonly notation: HTMLElement;
  /** Show or hide the notation. */
  toggleNotation(): void;
  /** Update the description for screen readers. */
  label(): void;
}

/** The part of the controls that keys may use. */
export interface Panel {
  readonly help: HTMLElement;
  toggleHelp(): Promise<void>;
  showSnap(): void;
  update(): void;
}

/** The notation of a session, shown in an element. */
export interface NotationPanel {
  /** Engrave again if the panel is visible and the hits have changed. */
  update(): void;
  close(): void;
}

/** What is not needed at first sight. */
export interface Extras {
  readonly Tools: typeof Tools;
  /** Show the notation of a session in an element. */
  openNotation(
    session: Session,
    place: HTMLElement,
    /** Whether printing the page prints the part alone. */
    isWholePage: boolean,
  ): NotationPanel;
  /** Show or hide the help in an element of a view. */
  toggleHelp(place: HTMLElement, view: Pick<Stage, "root" | "timeLine">): void;
}
