/** Keyboard layouts, and the keys that are left to the host. */

import { listen } from "./dom";

/** Signs that are commands: on AZERTY and Czech layouts, some are in the row of digits. */
const SIGN = /[-+=,.?[\]{}]/;

/**
 * Return the key as an English layout has it. On layouts without Latin letters, letters go
 * by their position; so do digits where that row types symbols.
 */
export function keyOf(event: KeyboardEvent): string {
  const { key, code } = event;
  if (/^[a-z0-9]$/i.test(key)) return key.toLowerCase();
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  // With AltGr or Option, letter keys type symbols: then the symbol is meant.
  const isSign = event.getModifierState("AltGraph") || event.altKey;
  // Vowel signs of Thai and Devanagari are marks, and Arabic has a key for two letters.
  if (letter && !isSign && /^[\p{L}\p{M}]{1,2}$/u.test(key)) return letter.toLowerCase();
  const digit = /^Digit(\d)$/.exec(code)?.[1];
  if (digit && key.length === 1 && !event.shiftKey && !isSign && !SIGN.test(key)) return digit;
  return key;
}

/** Whether Ctrl or Cmd is held; AltGr reports Ctrl too, but types a symbol. */
export const isCommand = (event: KeyboardEvent): boolean =>
  (event.ctrlKey || event.metaKey) && !event.getModifierState("AltGraph");

const COMMANDS = ["z", "y", "a"];

/** Whether a key belongs to the host: saving, running a cell, the browser's own. */
export function isHosts(event: KeyboardEvent): boolean {
  const { key } = event;
  if (isCommand(event)) return event.altKey || !COMMANDS.includes(keyOf(event));
  if (key === "Enter") return event.shiftKey || event.altKey;
  return /^F\d+$/.test(key);
}

/**
 * JupyterLab leaves keys alone while `host` has a certain attribute, so the attribute is
 * removed while one of JupyterLab's own keys is handled. Returns how to stop.
 */
export function leaveKeysToHost(host: HTMLElement): () => void {
  const name = "lmSuppressShortcuts";
  host.dataset[name] = "true";
  const look = (event: KeyboardEvent) => {
    if (!event.composedPath().includes(host)) return;
    const keep = () => {
      host.dataset[name] = "true";
    };
    keep(); // Z may come before the timer of the Ctrl that it is pressed with
    if (!isHosts(event)) return;
    delete host.dataset[name];
    setTimeout(keep);
  };
  // In the capture phase, so before any other listener.
  return listen(globalThis, "keydown", look, true);
}
