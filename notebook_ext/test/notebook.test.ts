import { afterEach, expect, it, vi } from "vitest";
import { EMPTY } from "../src/core/edits";
import { type Model, Notebook } from "../src/hosts/notebook";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A model without sound or activations, what is sent to Python, and how Python answers. */
function made() {
  const files = { stem: "song", json: ["", ""], labels: [], maps: [] };
  const state: Record<string, unknown> = {
    _header: {
      document: "d",
      token: "t",
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
    _log: { revision: 0, log: EMPTY },
    _chunks: [],
    selection: [],
    position: 0,
  };
  const sent: unknown[] = [];
  let answer: (message: unknown, buffers: DataView[]) => void = () => expect.fail();
  const nothing = () => undefined;
  const model: Model = {
    get: (name) => state[name],
    set: (name, value) => {
      state[name] = value;
    },
    save_changes: nothing,
    on: (name, listener) => {
      if (name === "msg:custom") answer = listener as typeof answer;
    },
    off: nothing,
    send: (content) => void sent.push(content),
  };
  return { model, sent, answer: (message: unknown) => answer(message, []) };
}

/** What the page offers, as far as it is asked. */
function stubPage(): Map<string, string> {
  const kept = new Map<string, string>();
  const nothing = () => undefined;
  vi.stubGlobal("addEventListener", nothing);
  vi.stubGlobal("removeEventListener", nothing);
  vi.stubGlobal("document", { addEventListener: nothing, removeEventListener: nothing });
  vi.stubGlobal("localStorage", {
    get length() {
      return kept.size;
    },
    key: (index: number) => [...kept.keys()][index],
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, text: string) => kept.set(key, text),
    removeItem: (key: string) => kept.delete(key),
  });
  return kept;
}

const add = (id: string) => ({ op: "add", id, time: 1, drum: "KD", velocity: 9 }) as const;

it("asks again while it is open, and no more when it is closed", () => {
  vi.useFakeTimers();
  stubPage();
  const { model, sent } = made();
  const notebook = new Notebook(model);
  expect(sent).toEqual([{ type: "velocities" }, { type: "extras" }]);
  vi.advanceTimersByTime(25_000);
  expect(sent).toHaveLength(4);
  notebook.close();
  vi.advanceTimersByTime(200_000);
  expect(sent).toHaveLength(4);
});

it("says that Python is silent, keeps what it may not have, and hands it in later", () => {
  vi.useFakeTimers();
  const kept = stubPage();
  const first = made();
  const notebook = new Notebook(first.model);
  notebook.session.do([add("x")]);
  expect(notebook.session.log.cursor).toBe(1);
  vi.advanceTimersByTime(3_000);
  expect(notebook.session.warnings.size).toBe(0);
  vi.advanceTimersByTime(2_000);
  expect(notebook.session.warnings.get("python")?.text).toContain("does not answer");
  notebook.close();
  // The next widget of the same log takes it over; Python knows it by its editor's name.
  const { client } = notebook;
  const action = { kind: "do", name: `${client}-0`, ops: [add("x")] };
  const deaf = made();
  new Notebook(deaf.model).close();
  expect(deaf.sent).toContainEqual({ type: "do", client, seq: 0, action });
  // As it was closed before Python answered, the one after it does so too.
  expect(kept.size).toBe(1);
  const second = made();
  const next = new Notebook(second.model);
  expect(second.sent).toContainEqual({ type: "do", client, seq: 0, action });
  // Should Python refuse it, that is told, but not what it refuses others.
  second.answer({ type: "refused", client: "other", seq: 0, reason: "no" });
  expect(next.session.warnings.size).toBe(0);
  expect(kept.size).toBe(1);
  second.answer({ type: "refused", client, seq: 0, reason: "late" });
  expect(next.session.warnings.get("refused")?.text).toBe("An edit was not possible: late");
  expect(kept.size).toBe(0);
  next.close();
});

it("keeps what earlier pages handed in until Python has confirmed each of their edits", () => {
  vi.useFakeTimers();
  const kept = stubPage();
  const proposals = ["x", "y", "z"].map((id, seq) => ({
    type: "do",
    client: "old",
    seq,
    action: { kind: "do", name: `old-${seq}`, ops: [add(id)] },
  }));
  const log = { steps: [[add("w")]], names: ["w"], cursor: 1 };
  const key = "adt-plugins pending python d old";
  kept.set(key, JSON.stringify({ proposals, log }));
  const stored = () => JSON.parse(kept.get(key) ?? "null");
  const { model, sent, answer } = made();
  const notebook = new Notebook(model);
  const [x, y, z] = proposals;
  const handed = [x, { ...y, after: 0 }, { ...z, after: 1 }];
  const edits = () => sent.splice(0).filter((one) => (one as typeof x).client === "old");
  expect(sent).toContainEqual({ type: "log" });
  expect(edits()).toEqual(handed);
  // The step that Python had lost is an edit of this editor now.
  expect(kept.size).toBe(2);
  expect(stored()).toEqual({ proposals, log: null });
  const did = { type: "did", revision: 1, action: x.action, client: "old", seq: 0 };
  answer(did);
  expect(stored().proposals).toEqual([y, z]);
  // The second one was lost on the way, and then Python was silent.
  answer({ type: "missing", client: "old", seq: 2 });
  expect(edits()).toEqual([y, { ...z, after: 1 }]);
  notebook.session.do([add("v")]);
  vi.advanceTimersByTime(6000);
  answer({ type: "command", command: "pause" });
  expect(edits()).toEqual([y, { ...z, after: 1 }]);
  answer({ type: "log", revision: 3, log: notebook.session.log, seen: { old: 1 } });
  expect(stored().proposals).toEqual([z]);
  answer({ type: "log", revision: 4, log: notebook.session.log, seen: { old: 2 } });
  expect(stored()).toBeNull();
  answer({ type: "missing", client: "old", seq: 2 });
  expect(edits()).toEqual([]);
  notebook.close();
});

it("sends again what was lost on the way", () => {
  vi.useFakeTimers();
  stubPage();
  const { model, sent, answer } = made();
  const notebook = new Notebook(model);
  const { client } = notebook;
  for (const id of ["x", "y"]) notebook.session.do([add(id)]);
  const [x, y] = sent.splice(0).slice(-2);
  expect([x, y]).toMatchObject([{ seq: 0 }, { seq: 1, after: 0 }]);
  expect(x).toHaveProperty("after", undefined);
  answer({ type: "missing", client, seq: 0 }); // the last one is answered too
  expect(sent).toEqual([]);
  answer({ type: "missing", client, seq: 1 });
  expect(sent.splice(0)).toEqual([x, y]);
  // Python was silent, and is there again.
  vi.advanceTimersByTime(6000);
  expect(notebook.session.warnings.size).toBe(1);
  const pause = { type: "command", command: "pause" };
  answer(pause);
  expect(sent.splice(0)).toEqual([x, y, { type: "log" }]);
  answer(pause);
  expect(sent).toEqual([]);
  notebook.close();
});

it("brings back what a kernel took with it, and only where the log goes on", () => {
  vi.useFakeTimers();
  const kept = stubPage();
  const log = { steps: [[add("x")], [add("y")]], names: ["x", "y"], cursor: 2 };
  let entry = JSON.stringify({ proposals: [], log });
  const restored = (steps: ReturnType<typeof add>[][]) => {
    kept.set("adt-plugins pending python d old", entry);
    const { model } = made();
    const names = steps.map(([{ id }]) => id);
    model.set("_log", { revision: 5, log: { steps, names, cursor: steps.length } });
    const notebook = new Notebook(model);
    notebook.close();
    return notebook.session.log.steps.map(([op]) => ("id" in op ? op.id : ""));
  };
  expect(restored([])).toEqual(["x", "y"]);
  expect(restored([[add("x")]])).toEqual(["x", "y"]);
  expect(restored([[add("x")], [add("y")], [add("z")]])).toEqual(["x", "y", "z"]);
  expect(restored([[add("z")]])).toEqual(["z"]);
  // With what could be redone.
  entry = JSON.stringify({ proposals: [], log: { ...log, cursor: 1 } });
  expect(restored([])).toEqual(["x", "y"]);
  expect(restored([[add("x")]])).toEqual(["x", "y"]);
  expect(restored([[add("x")], [add("y")]])).toEqual(["x", "y"]);
});
