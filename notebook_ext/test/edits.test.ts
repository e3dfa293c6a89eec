import { describe, expect, it } from "vitest";
import {
  type Action,
  type Automatic,
  act,
  compose,
  described,
  EMPTY,
  fold,
  type Log,
  NOWHERE,
  type Op,
  Refusal,
  spanOfChange,
} from "../src/core/edits";
import { type Message, Replica } from "../src/core/replica";
import { History } from "../src/session/history";

const doing = (name: string, ...ops: Op[]): Action => ({ kind: "do", name, ops });
const undo = (name: string): Action => ({ kind: "undo", name });
const redo = (name: string): Action => ({ kind: "redo", name });

describe("edits", () => {
  const automatic: Automatic[] = [
    { id: "KD:10", time: 0.1, drum: "KD", velocity: 90, confidence: 0.8, original: true },
    { id: "KD:50", time: 0.5, drum: "KD", velocity: 50, confidence: 0.4, original: false },
  ].map((hit) => ({ ...hit, byHand: false }));
  const coarse = (drum: string) => drum;
  const done = (...actions: Action[]): Log => actions.reduce(act, EMPTY);
  const add: Action = {
    kind: "do",
    name: "a-0",
    ops: [{ op: "add", id: "u", time: 0.51, drum: "KD", velocity: 70 }],
  };

  it("outlive re-picking", () => {
    const layer = fold(
      done(doing("b-0", { op: "change", id: "KD:10", time: 0.2, drum: "SD", velocity: 3 }), add),
    );
    expect(compose([], layer, coarse).map(({ id, drum }) => [id, drum])).toEqual([
      ["KD:10", "SD"],
      ["u", "KD"],
    ]);
    expect(compose(automatic, layer, coarse).map(({ id }) => id)).toEqual(["KD:10", "u"]);
  });

  it("stay deleted when the pick comes back", () => {
    const layer = fold(done(doing("b-0", { op: "delete", id: "KD:10" })));
    expect(compose(automatic, layer, coarse).map(({ id }) => id)).toEqual(["KD:50"]);
  });

  it("tell where the picture changes", () => {
    const before = automatic.map((hit) => ({ ...hit }));
    const hits = (edit: Action) => compose(automatic, fold(done(edit)), coarse);
    expect(spanOfChange(before, automatic)).toEqual(NOWHERE);
    expect(spanOfChange(before, hits(add))).toEqual({ start: 0.5, end: 0.51 });
    const [first] = automatic;
    const later = { op: "change", id: first.id, time: 3, drum: "SD", velocity: 5 } as const;
    const moved = hits(doing("b-0", later));
    expect(spanOfChange(before, moved)).toEqual({ start: first.time, end: 3 });
    expect(spanOfChange(moved, before)).toEqual({ start: first.time, end: 3 });
    const louder = { ...later, time: first.time, drum: first.drum };
    const { time } = first;
    expect(spanOfChange(before, hits(doing("b-0", louder)))).toEqual({
      start: time,
      end: time,
    });
  });

  it("go back and forth", () => {
    const log = done(add, undo("a-0"));
    expect(fold(log).hits.size).toBe(0);
    expect(fold(act(log, redo("a-0"))).hits.size).toBe(1);
    expect(act(log, doing("a-1", { op: "delete", id: "u" })).names).toEqual(["a-1"]);
    expect(act(log, add)).toBe(log); // handed in once more
    for (const action of [undo("a-0"), redo("a-0")])
      expect(() => act(EMPTY, action)).toThrow(Refusal);
  });

  it("are undone by name, among those of others", () => {
    const other = doing("b-0", { op: "delete", id: "KD:50" });
    const undone = done(add, other, undo("a-0"));
    expect([undone.names, undone.cursor]).toEqual([["b-0", "a-0"], 1]);
    expect([...fold(undone).hits.keys()]).toEqual(["KD:50"]);
    expect(() => act(undone, undo("a-0"))).toThrow("has undone this edit before");
    // In any order they come back.
    const both = act(act(undone, undo("b-0")), redo("a-0"));
    expect([both.names, both.cursor]).toEqual([["a-0", "b-0"], 1]);
    expect(() => act(both, redo("a-0"))).toThrow("redone this one");
    expect(() => act(act(both, doing("c-0", { op: "bar", time: 1 })), redo("b-0"))).toThrow(
      "has made an edit",
    );
  });

  it.each<[string, Op, Op]>([
    ["hit", { op: "delete", id: "u" }, { op: "delete", id: "u" }],
    [
      "threshold",
      ...([0.2, 0.3].map((value) => ({ op: "threshold", drum: "KD", value })) as [Op, Op]),
    ],
    ["bars", { op: "tempo", factor: 2 }, { op: "bar", time: 3 }],
  ])("are not undone beneath what another has done with the same %s", (_, first, second) => {
    const log = done(add, doing("a-1", first), doing("b-0", second));
    expect(() => act(log, undo("a-1"))).toThrow("has changed the same later");
    const back = done(
      ...[add, doing("a-1", first), doing("a-2", second)],
      undo("a-2"),
      undo("a-1"),
    );
    expect(() => act(back, redo("a-2"))).toThrow("has changed the same later");
    expect(act(act(back, redo("a-1")), redo("a-2")).cursor).toBe(3);
  });

  it("are told when they are undone, here or elsewhere", () => {
    const said: string[] = [];
    const history = new History("a", (text) => said.push(text));
    let log = done(add, doing("b-0", { op: "delete", id: "KD:50" }));
    const propose = (action: Action) => {
      const before = log;
      log = act(log, action);
      history.tell(before, log);
    };
    history.redo(log, propose);
    history.undo(log, propose); // another's, which is shown: it is told what it was
    history.undo(log, propose);
    history.undo(log, propose);
    history.redo(log, propose);
    propose(undo("a-0"));
    expect(said).toEqual([
      "Nothing to redo",
      "Undone: 1 hit deleted",
      "Undone: 1 hit added",
      "Nothing to undo",
      "Redone: 1 hit added",
      "Undone elsewhere: 1 hit added (redo restores)",
    ]);
  });

  it("are told in words", () => {
    const ops: Op[] = [
      { op: "delete", id: "a" },
      { op: "delete", id: "b" },
    ];
    expect(described(ops)).toBe("2 hits deleted");
    expect(described([...ops, { op: "change", id: "c", time: 1, drum: "KD", velocity: 1 }])).toBe(
      "3 hits changed",
    );
    expect(described([{ op: "threshold", drum: "KD", value: 0.5 }])).toBe("threshold of Kick");
    expect(described([{ op: "bar", time: 1 }])).toBe("beats and bars");
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
        const { names, cursor } = all[i].log;
        const action = [
          doing(`${i}-${step}`, { op: "delete", id: `KD:${chance(9)}` }),
          undo(names[cursor - 1]),
          redo(names[cursor]),
        ][Math.max(chance(4) - 1, 0)];
        if (action.name === undefined) continue;
        try {
          up[i].push(all[i].propose(action));
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal);
        }
      } else if (chance(2)) pump(i);
      else {
        const message = down[i].shift();
        if (message) expect(all[i].receive(message)).toBe(false);
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
    const action = (id: string) => doing(`a-${id}`, { op: "delete", id });
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
    const other = [three.action, action("w")].reduce(act, copy);
    replica.receive({ type: "log", revision: 8, log: other, seen: { a: three.seq, b: 0 } });
    expect(replica.log).toBe(other);
    // One of two is refused, and another editor makes one: as many, but not the same.
    const [four, five] = [replica.propose(action("v")), replica.propose(undo("a-v"))];
    expect(replica.log.cursor).toBe(4);
    const others = [four.action, action("u")].reduce(act, other);
    replica.receive({ type: "log", revision: 10, log: others, seen: { a: five.seq, b: 1 } });
    expect(replica.log).toBe(others);
  });

  it("notice a gap, and what was refused", () => {
    const replica = new Replica("a");
    replica.receive({ type: "log", revision: 0, log: EMPTY });
    const action = doing("a-0", { op: "delete", id: "x" });
    expect(replica.receive({ type: "did", revision: 2, action, client: "b", seq: 0 })).toBe(true);
    const { seq } = replica.propose(action);
    expect(replica.log.cursor).toBe(1);
    replica.receive({ type: "refused", client: "b", seq, reason: "late" });
    expect(replica.log.cursor).toBe(1);
    replica.receive({ type: "refused", client: "a", seq, reason: "late" });
    expect(replica.log.cursor).toBe(0);
  });
});
