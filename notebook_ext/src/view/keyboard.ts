/** Which key was meant, on any layout; and which keys are left to the host. */

/**
 * The key as an English layout has it. Where the layout has no Latin letters, a letter is
 * told by its place; so is a digit where the row above the letters has signs.
 */
export function keyOf(event: KeyboardEvent): string {
  const { key, code } = event;
  if (/^[a-z0-9]$/i.test(key)) return key.toLowerCase();
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  // AltGr and Option write signs by letters: those are meant.
  const isSign = event.getModifierState("AltGraph") || event.altKey;
  if (letter && key.length === 1 && !isSign && /\p{L}/u.test(key)) return letter.toLowerCase();
  const digit = /^Digit(\d)$/.exec(code)?.[1];
  if (digit && key.length === 1 && !event.shiftKey && !isSign) return digit;
  return key;
}

/** Ctrl and Cmd are the same; with AltGr they write a sign. */
export const isCommand = (event: KeyboardEvent): boolean =>
  (event.ctrlKey || event.metaKey) && !event.getModifierState("AltGraph");

const COMMANDS = ["z", "y", "a"];

/** Keys that mean nothing here: saving, running a cell, the browser's own. */
export function isHosts(event: KeyboardEvent): boolean {
  const { key } = event;
  if (isCommand(event)) return event.altKey || !COMMANDS.includes(keyOf(event));
  if (key === "Enter") return event.shiftKey || event.altKey;
  return /^F\d+$/.test(key);
}

/**
 * JupyterLab looks for an attribute of `host` before it takes a key for itself: while one
 * is pressed that is its own, the attribute is away. Returns how to stop.
 */
export function leaveKeysToHost(host: HTMLElement): () => void {
  const name = "lmSuppressShortcuts";
  host.dataset[name] = "true";
  const look = (event: KeyboardEvent) => {
    if (!event.composedPath().includes(host) || !isHosts(event)) return;
    delete host.dataset[name];
    setTimeout(() => {
      host.dataset[name] = "true";
    });
  };
  // Before everybody else who listens.
  addEventListener("keydown", look, { capture: true });
  return () => removeEventListener("keydown", look, { capture: true });
}
