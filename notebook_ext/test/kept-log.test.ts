import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Action } from "../src/core/edits";
import type { SharedLog } from "../src/core/shared-log";
import { KeptLog, type LogStore } from "../src/session/kept-log";

const nothing = () => undefined;

beforeEach(() => {
  for (const name of ["addEventListener", "removeEventListener"]) vi.stubGlobal(name, nothing);
  vi.stubGlobal("document", { addEventListener: nothing, removeEventListener: nothing });
  vi.stubGlobal("localStorage", undefined); // as where cookies are blocked
  vi.stubGlobal("BroadcastChannel", undefined);
});

afterEach(() => vi.unstubAllGlobals());

/** A browser's store: it may be full, or lose what it has. */
class Kept implements LogStore {
  log: SharedLog | undefined;
  isFull = false;
  async update(change: (shared: SharedLog | undefined) => SharedLog): Promise<SharedLog> {
    if (this.isFull) throw new Error("full");
    const before = this.log && structuredClone(this.log);
    this.log = structuredClone(change(before));
    return structuredClone(this.log);
  }
}

const remove = (id: string): Action => ({ kind: "do", name: id, ops: [{ op: "delete", id }] });
const ids = ({ log }: { log: KeptLog["log"] }) =>
  log.steps.slice(0, log.cursor).map(([op]) => ("id" in op ? op.id : ""));

function editor(store: LogStore) {
  const told: unknown[] = [];
  const refused: string[] = [];
  const kept = new KeptLog(
    `e${Math.random()}`,
    "song",
    store,
    nothing,
    (error) => told.push(error),
    (reason) => refused.push(reason),
  );
  return { kept, told, refused };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

it("goes on with what is shown when the browser has lost it", async () => {
  const store = new Kept();
  const { kept } = editor(store);
  await kept.read();
  for (const id of ["a", "b"]) kept.propose(remove(id));
  await settled();
  store.log = undefined; // the user has cleared the data of the site
  await kept.read();
  expect(ids(kept)).toEqual(["a", "b"]);
  kept.propose(remove("c"));
  await settled();
  expect(ids(kept)).toEqual(["a", "b", "c"]);
  expect(store.log && ids({ log: store.log })).toEqual(["a", "b", "c"]);
});

it("says that nothing is kept, and keeps all of it once there is room", async () => {
  const store = new Kept();
  const { kept, told } = editor(store);
  await kept.read();
  store.isFull = true;
  for (const id of ["a", "b"]) kept.propose(remove(id));
  await settled();
  expect(told.at(-1)).toEqual(new Error("full"));
  expect(kept.isAtRisk).toBe(true);
  expect(ids(kept)).toEqual(["a", "b"]);
  store.isFull = false;
  kept.propose({ kind: "undo", name: "b" });
  await settled();
  expect(told.at(-1)).toBeNull();
  expect(kept.isAtRisk).toBe(false);
  expect(store.log && ids({ log: store.log })).toEqual(["a"]);
});

it("is the same in three editors, whatever the order", async () => {
  const store = new Kept();
  const all = [editor(store), editor(store), editor(store)];
  for (const { kept } of all) await kept.read();
  const wanted: string[] = [];
  for (let round = 0; round < 20; round++) {
    all.forEach(({ kept }, k) => {
      kept.propose(remove(`${k}-${round}`));
      wanted.push(`${k}-${round}`);
    });
    if (round % 3 === 0) await settled();
  }
  await settled();
  for (const { kept } of all) await kept.read();
  for (const { kept } of all) expect(ids(kept).sort()).toEqual(wanted.sort());
  const logs = all.map(({ kept }) => ids(kept));
  expect(logs[1]).toEqual(logs[0]);
  expect(logs[2]).toEqual(logs[0]);
});

it("undoes what was meant, though another editor was first", async () => {
  const store = new Kept();
  const [one, two] = [editor(store), editor(store)];
  for (const { kept } of [one, two]) await kept.read();
  for (const id of ["a", "b"]) one.kept.propose(remove(id));
  await settled();
  await two.kept.read();
  // Neither has seen yet what the other does.
  two.kept.propose(remove("c"));
  for (const name of ["b", "a"]) one.kept.propose({ kind: "undo", name });
  await settled();
  for (const { kept } of [one, two]) await kept.read();
  expect([ids(one.kept), ids(two.kept)]).toEqual([["c"], ["c"]]);
  // Both undo the same, and one of them is told; nothing else is undone.
  for (const { kept } of [one, two]) kept.propose({ kind: "redo", name: "a" });
  await settled();
  for (const { kept } of [one, two]) await kept.read();
  expect([ids(one.kept), ids(two.kept)]).toEqual([
    ["c", "a"],
    ["c", "a"],
  ]);
  expect([...one.refused, ...two.refused]).toEqual([expect.stringContaining("redone this one")]);
});
