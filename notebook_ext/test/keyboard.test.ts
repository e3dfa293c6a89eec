import { expect, it } from "vitest";
import { isCommand, isHosts, keyOf } from "../src/view/keyboard";

const event = (key: string, code: string, held: Partial<KeyboardEvent> = {}, isSign = false) =>
  ({ key, code, getModifierState: () => isSign, ...held }) as unknown as KeyboardEvent;

it.each([
  ["a", "KeyA", "a"],
  ["A", "KeyQ", "a"], // AZERTY: by the letter, not by its place
  ["я", "KeyZ", "z"],
  ["ζ", "KeyZ", "z"],
  ["ㅁ", "KeyA", "a"],
  ["ש", "KeyA", "a"],
  ["لا", "KeyB", "b"], // two letters on one key
  ["้", "KeyH", "h"], // Thai tone mark
  ["ิ", "KeyB", "b"],
  ["ो", "KeyA", "a"], // Devanagari vowel signs
  ["्", "KeyD", "d"],
  ["&", "Digit1", "1"],
  ["-", "Digit6", "-"], // AZERTY: zooms out
  ["+", "Digit1", "+"], // Czech: zooms in
  ["١", "Digit1", "1"],
  ["/", "KeyQ", "/"], // Hebrew: a sign stays one
  ["Dead", "KeyA", "Dead"],
  ["Process", "KeyA", "Process"],
  ["Enter", "Enter", "Enter"],
])("%s on %s is %s", (key, code, wanted) => {
  expect(keyOf(event(key, code))).toBe(wanted);
});

it("leaves what AltGr types as it is", () => {
  expect(keyOf(event("ą", "KeyA", { ctrlKey: true }, true))).toBe("ą");
  expect(isCommand(event("]", "Digit9", { ctrlKey: true }, true))).toBe(false);
});

it("undoes on every layout, and leaves the rest to the host", () => {
  for (const key of ["z", "я", "ผ", "ئ"])
    expect(isHosts(event(key, "KeyZ", { ctrlKey: true }))).toBe(false);
  for (const key of ["s", "ы", "ห"])
    expect(isHosts(event(key, "KeyS", { ctrlKey: true }))).toBe(true);
});
