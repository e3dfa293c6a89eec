import { afterEach, expect, it, vi } from "vitest";
import { type Model, Notebook } from "../src/hosts/notebook";

afterEach(() => vi.useRealTimers());

/** A model without sound or activations, and what is sent to Python. */
function made(): { model: Model; sent: unknown[] } {
  const files = { stem: "song", json: ["", ""], labels: [], maps: [] };
  const state: Record<string, unknown> = {
    _header: {
      title: "song",
      fingerprint: "",
      duration: 10,
      rate: 100,
      offset: 0,
      delay: 0,
      frames: 0,
      picker: null,
      lanes: [],
      known: 0,
      extras: [],
      missing: [],
      beats: [],
      audio: null,
      files,
    },
    _data: new DataView(new ArrayBuffer(0)),
    _log: { revision: 0, log: { steps: [], cursor: 0 } },
    selection: [],
    position: 0,
  };
  const sent: unknown[] = [];
  const nothing = () => undefined;
  const model: Model = {
    get: (name) => state[name],
    set: (name, value) => {
      state[name] = value;
    },
    save_changes: nothing,
    on: nothing,
    off: nothing,
    send: (content) => void sent.push(content),
  };
  return { model, sent };
}

it("asks again while it is open, and no more when it is closed", () => {
  vi.useFakeTimers();
  const { model, sent } = made();
  const notebook = new Notebook(model);
  expect(sent).toEqual([{ type: "velocities" }]);
  vi.advanceTimersByTime(25_000);
  expect(sent).toHaveLength(2);
  notebook.close();
  vi.advanceTimersByTime(200_000);
  expect(sent).toHaveLength(2);
});
