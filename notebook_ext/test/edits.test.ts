import { describe, expect, it } from "vitest";
import {
  type Action,
  type Automatic,
  act,
  compose,
  EMPTY,
  fold,
  type Log,
  NOWHERE,
  Refusal,
  spanOfChange,
} from "../src/core/edits";
import { type Message, Replica } from "../src/core/replica";

describe("edits", () => {
  const automatic: Automatic[] = [
    { id: "KD:10", time: 0.1, drum: "KD", velocity: 90, confidence: 0.8, original: true },
    { id: "KD:50", time: 0.5, drum: "KD", velocity: 50, confidence: 0.4, original: false },
  ].map((hit) => ({ ...hit, byHand: false }));
  const coarse = (drum: string) => drum;
  const done = (...actions: Action[]): Log => actions.reduce(act, EMPTY);
  const add: Action = {
    kind: "do",
    ops: [{ op: "add", id: "u", time: 0.51, drum: "KD", velocity: 70 }],
  };

  it("outlive re-picking", () => {
    const layer = fold(
      done(
        { kind: "do", ops: [{ op: "change", id: "KD:10", time: 0.2, drum: "SD", velocity: 3 }] },
        add,
      ),
    );
    expect(compose([], layer, coarse).map(({ id, drum }) => [id, drum])).toEqual([
      ["KD:10", "SD"],
      ["u", "KD"],
    ]);
    expect(compose(automatic, layer, coarse).map(({ id }) => id)).toEqual(["KD:10", "u"]);
  });

  it("stay deleted when the pick comes back", () => {
    const layer = fold(done({ kind: "do", ops: [{ op: "delete", id: "KD:10" }] }));
    expect(compose(automatic, layer, coarse).map(({ id }) => id)).toEqual(["KD:50"]);
  });

  it("tell where the picture changes", () => {
    const before = automatic.map((hit) => ({ ...hit }));
    const hits = (edit: Action) => compose(automatic, fold(done(edit)), coarse);
    expect(spanOfChange(before, automatic)).toEqual(NOWHERE);
    expect(spanOfChange(before, hits(add))).toEqual({ start: 0.5, end: 0.51 });
    const [first] = automatic;
    const later = { op: "change", id: first.id, time: 3, drum: "SD", velocity: 5 } as const;
    const moved = hits({ kind: "do", ops: [later] });
    expect(spanOfChange(before, moved)).toEqual({ start: first.time, end: 3 });
    expect(spanOfChange(moved, before)).toEqual({ start: first.time, end: 3 });
    const louder = { ...later, time: first.time, drum: first.drum };
    const { time } = first;
    expect(spanOfChange(before, hits({ kind: "do", ops: [louder] }))).toEqual({
      start: time,
      end: time,
    });
  });

  it("go back and forth", () => {
    const log = done(add, { kind: "undo" });
    expect(fold(log).hits.size).toBe(0);
    expect(fold(act(log, { kind: "redo" })).hits.size).toBe(1);
    expect(act(log, add).steps.length).toBe(1);
    expect(() => act(EMPTY, { kind: "undo" })).toThrow(Refusal);
    expect(() => act(EMPTY, { kind: "redo" })).toThrow(Refusal);
  });
});

describe("replicas", () => {
  /** Python's part: the order in which things came. */
  class Server {
    log = EMPTY;
    revision = 0;
    receive({ client, seq, action }: { client: string; seq: number; action: Action }): Message {
      try {
        this.log = act(this.log, action);
      } catch {
        return { type: "refused", client, seq, reason: "no" };
      }
      return { type: "did", revision: ++this.revision, action, client, seq };
    }
  }

  it("come to the same, however messages cross", () => {
    let state = 7;
    const chance = (n: number) => {
      state = (state * 48271) % 2147483647;
      return state % n;
    };
    const server = new Server();
    const all = [new Replica("a"), new Replica("b"), new Replica("c")];
    const up: ReturnType<Replica["propose"]>[][] = [[], [], []];
    const down: Message[][] = [[], [], []];
    for (const replica of all) replica.receive({ type: "log", revision: 0, log: EMPTY });
    const pump = (i: number) => {
      const proposal = up[i].shift();
      if (!proposal) return;
      const message = server.receive(proposal);
      for (const queue of down) queue.push(message);
    };
    for (let step = 0; step < 3000; step++) {
      const i = chance(3);
      if (chance(3) === 0) {
        const kind = (["do", "do", "undo", "redo"] as const)[chance(4)];
        const action: Action =
          kind === "do" ? { kind, ops: [{ op: "delete", id: `KD:${step}` }] } : { kind };
        try {
          up[i].push(all[i].propose(action));
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal);
        }
      } else if (chance(2)) pump(i);
      else {
        const message = down[i].shift();
        if (message) expect(all[i].receive(message).gap).toBeUndefined();
      }
    }
    for (const i of [0, 1, 2]) while (up[i].length) pump(i);
    for (const i of [0, 1, 2]) for (const message of down[i]) all[i].receive(message);
    expect(server.log.steps.length).toBeGreaterThan(50);
    for (const replica of all) expect(replica.log).toEqual(server.log);
  });

  it("show nothing anew when what they show is accepted", () => {
    const replica = new Replica("a");
    replica.receive({ type: "log", revision: 4, log: EMPTY });
    const action = (id: string): Action => ({ kind: "do", ops: [{ op: "delete", id }] });
    const [one, two] = ["x", "y"].map((id) => replica.propose(action(id)));
    const { log } = replica;
    replica.receive({ ...one, type: "did", revision: 5 });
    expect(replica.log).toBe(log);
    // From a browser's store, which returns copies.
    const copy = structuredClone(log);
    replica.receive({ type: "log", revision: 6, log: copy, seen: { a: two.seq } });
    expect(replica.log).toBe(log);
    expect(replica.pending).toEqual([]);
    // With an edit of another tab.
    const three = replica.propose(action("z"));
    const steps = [...copy.steps, three.action.kind === "do" ? three.action.ops : []];
    const other = { steps: [...steps, [{ op: "delete", id: "w" }]], cursor: 4 } as Log;
    replica.receive({ type: "log", revision: 8, log: other, seen: { a: three.seq, b: 0 } });
    expect(replica.log).toBe(other);
  });

  it("notice a gap, and what was refused", () => {
    const replica = new Replica("a");
    replica.receive({ type: "log", revision: 0, log: EMPTY });
    const action: Action = { kind: "do", ops: [{ op: "delete", id: "x" }] };
    expect(replica.receive({ type: "did", revision: 2, action, client: "b", seq: 0 }).gap).toBe(
      true,
    );
    const { seq } = replica.propose(action);
    expect(replica.log.cursor).toBe(1);
    expect(replica.receive({ type: "refused", client: "a", seq, reason: "late" }).reason).toBe(
      "late",
    );
    expect(replica.log.cursor).toBe(0);
  });
});
