import { describe, expect, it } from "vitest";
import { draw } from "../src/engraving/draw";
import { legend } from "../src/engraving/legend";
import { layOut } from "../src/engraving/lines";
import { boxOf } from "../src/engraving/pen";
import { anchors, xAtTime } from "../src/engraving/times";
import type { Head, Score, ScoreBar, ScoreNote, ScoreStroke, Value } from "../src/notation/score";

const WIDTH = 110;
const HEIGHTS: Record<string, readonly [number, Head]> = {
  KD: [31, "normal"],
  SD: [35, "normal"],
  CHH: [39, "x"],
  OHH: [39, "circle-x"],
  LFT: [32, "normal"],
  CRC: [40, "x"],
  RDB: [38, "diamond"],
};
const TICKS: Record<string, number> = { half: 96, quarter: 48, eighth: 24, "16th": 12 };

const stroke = (drum: string, more: Partial<ScoreStroke> = {}): ScoreStroke => {
  const [height, head] = HEIGHTS[drum];
  const none = { graces: 0, isGhost: false, isAccent: false, hit: 0 };
  return { drum, height, head, ...none, ...more };
};

/** "eighth CHH SD": a note, or a rest if no drum is named. */
function note(text: string, place: number, more: Partial<ScoreNote> = {}): ScoreNote {
  const [value, ...drums] = text.split(" ");
  const strokes = drums.map((drum) => stroke(drum)).sort((a, b) => a.height - b.height);
  const rest = { dots: 0, tuplet: null, edge: "" as const, beams: [], isBar: false };
  return { place, length: TICKS[value], value: value as Value, ...rest, strokes, ...more };
}

/** Notes that follow each other; `beams` and the like by index. */
function notes(texts: readonly string[], more: Record<number, Partial<ScoreNote>> = {}) {
  let place = 0;
  return texts.map((text, n) => {
    const found = note(text, place, more[n]);
    place += found.length;
    return found;
  });
}

function bar(hands: ScoreNote[], feet: ScoreNote[], more: Partial<ScoreBar> = {}): ScoreBar {
  const beats = [0, 1, 2, 3].map((n) => ({
    time: 2 + n / 2,
    place: 48 * n,
    position: n + 1,
    isCounted: true,
  }));
  const plain = { number: 1, start: 2, end: 4, length: 192, signature: [4, 4] as const };
  const marks = {
    feel: "straight" as const,
    swing: 0.5,
    section: null,
    tempo: null,
    isRepeat: false,
  };
  return { ...plain, ...marks, beginsLine: false, beats, hands, feet, ...more };
}

const score = (...bars: ScoreBar[]): Score => ({
  drums: [...new Set(bars.flatMap((one) => strokesOf(one)))].map((drum) => [drum, `Drum ${drum}`]),
  bars: bars.map((one, n) => ({ ...one, number: n + 1, start: 2 + 2 * n, end: 4 + 2 * n })),
  omissions: null,
});

const strokesOf = ({ hands, feet }: ScoreBar): string[] =>
  [...hands, ...feet].flatMap(({ strokes }) => strokes.map(({ drum }) => drum));

const drawn = (whole: Score, width = WIDTH): string =>
  layOut(whole, width)
    .map((line) => draw(whole, line).svg)
    .join("");

interface Sign {
  readonly part: string;
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

const signs = (svg: string): Sign[] =>
  [
    ...svg.matchAll(
      /<use(?: class="([^"]*)")? href="#adt-(\w+)" transform="translate\((\S+) (\S+)\)scale\((\S+)\)"/g,
    ),
  ].map(([, part = "", name, x, y, scale]) => ({
    part,
    name,
    x: Number(x),
    y: Number(y),
    scale: 100 * Number(scale),
  }));

const heads = (svg: string, drum = ""): Sign[] =>
  signs(svg).filter(({ part }) => part.startsWith(`notehead ${drum}`));

interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const rects = (svg: string): Rect[] =>
  [...svg.matchAll(/M(-?[\d.]+) (-?[\d.]+)h([\d.]+)v([\d.]+)h-/g)].map((found) => {
    const [x, y, width, height] = found.slice(1).map(Number);
    return { x, y, width, height };
  });
const stems = (svg: string) =>
  rects(svg).filter(({ width, height }) => width === 0.12 && height > 1);
const beams = (svg: string) => rects(svg).filter(({ height }) => height === 0.5);

const extent = ({ name, x, y, scale }: Sign) => {
  const { left, top, right, bottom } = boxOf(name as never, scale);
  return { left: x + left, top: y + top, right: x + right, bottom: y + bottom };
};

function overlap(one: Sign, other: Sign): boolean {
  const [a, b] = [extent(one), extent(other)];
  const room = 0.02;
  return (
    a.left < b.right - room &&
    b.left < a.right - room &&
    a.top < b.bottom - room &&
    b.top < a.bottom - room
  );
}

const pair = { 0: { beams: ["begin"] }, 1: { beams: ["end"] } } as const;
const eighths = ["eighth CHH", "eighth CHH", "eighth CHH SD", "eighth CHH"];
const groove = bar(
  notes(
    [...eighths, ...eighths],
    Object.fromEntries(
      [0, 1, 2, 3, 4, 5, 6, 7].map((n) => [
        n,
        { beams: [n % 4 === 0 ? "begin" : n % 4 === 3 ? "end" : "continue"] as const },
      ]),
    ),
  ),
  notes(["quarter KD", "quarter", "eighth KD", "eighth KD", "quarter"], {
    2: { beams: ["begin"] },
    3: { beams: ["end"] },
  }),
);

describe("heads", () => {
  it("are as many as strokes, each of its drum's shape and height", () => {
    const svg = drawn(score(groove));
    expect(heads(svg, "CHH")).toHaveLength(8);
    expect(heads(svg, "SD")).toHaveLength(2);
    expect(heads(svg, "KD")).toHaveLength(3);
    for (const { name, y } of heads(svg, "CHH"))
      expect([name, y]).toEqual(["noteheadXBlack", -0.5]);
    for (const { name, y } of heads(svg, "SD")) expect([name, y]).toEqual(["noteheadBlack", 1.5]);
    for (const { y } of heads(svg, "KD")) expect(y).toBe(3.5);
  });

  it("of open hats, bells, ghost and grace notes and accents are what drummers know", () => {
    const hands = notes(["quarter OHH", "quarter RDB", "quarter", "quarter"]);
    const marked = [
      { ...hands[2], strokes: [stroke("SD", { isGhost: true })] },
      { ...hands[3], strokes: [stroke("SD", { graces: 2, isAccent: true })] },
    ];
    const svg = drawn(score(bar([...hands.slice(0, 2), ...marked], [])));
    expect(heads(svg, "OHH")[0].name).toBe("noteheadCircleX");
    expect(heads(svg, "RDB")[0].name).toBe("noteheadDiamondBlack");
    const parts = signs(svg).map(({ part }) => part);
    const count = (part: string) => parts.filter((one) => one === part).length;
    expect([count("ghost"), count("grace"), count("accent")]).toEqual([1, 2, 1]);
    const [left] = signs(svg).filter(({ part }) => part === "ghost");
    expect(left.x).toBeLessThan(heads(svg, "SD")[0].x);
    const [first, second] = signs(svg).filter(({ part }) => part === "grace");
    expect(first.x).toBeLessThan(second.x);
    expect(second.x).toBeLessThan(heads(svg, "SD")[1].x);
  });

  it("beside each other stand on both sides of the stem", () => {
    const [hat, crash] = heads(drawn(score(bar(notes(["quarter CHH CRC"]), []))));
    expect(crash.x - hat.x).toBeGreaterThan(1);
  });
});

describe("stems and beams", () => {
  it("begin and end on the stems of their notes", () => {
    const svg = drawn(score(groove));
    const all = stems(svg);
    expect(all).toHaveLength(8 + 3);
    expect(beams(svg)).toHaveLength(3 + 3 + 1);
    for (const beam of beams(svg)) {
      const left = all.find(({ x }) => Math.abs(x - beam.x) < 0.015);
      const right = all.find(({ x, width }) => Math.abs(x + width - beam.x - beam.width) < 0.025);
      for (const stem of [left, right]) {
        expect(stem).toBeDefined();
        const { y, height } = stem as Rect;
        // The end of the stem is the outer edge of the beam.
        const isUp = Math.abs(y - beam.y) < 0.01;
        const isDown = Math.abs(y + height - beam.y - beam.height) < 0.015;
        expect(isUp || isDown).toBe(true);
      }
    }
  });

  it("have a short second beam for a sixteenth behind a dotted eighth", () => {
    const hands = notes(["eighth SD", "16th SD"], {
      0: { ...pair[0], dots: 1, length: 36 },
      1: { beams: ["end", "backward hook"] },
    } as never);
    const [whole, hook] = beams(drawn(score(bar(hands, []))));
    expect(hook.width).toBeLessThan(whole.width);
    expect(hook.x + hook.width).toBeCloseTo(whole.x + whole.width, 1);
    expect(hook.y - whole.y).toBeCloseTo(0.75, 5);
  });

  it("are flags where a note stands alone", () => {
    const svg = drawn(score(bar(notes(["eighth SD", "eighth", "16th SD"]), notes(["eighth KD"]))));
    const flags = signs(svg).filter(({ part }) => part === "flag");
    expect(flags.map(({ name }) => name)).toEqual(["flag8thUp", "flag16thUp", "flag8thDown"]);
  });
});

describe("tuplets", () => {
  const three = (texts: readonly string[], isBeamed: boolean) =>
    texts.map((text, n) =>
      note(text, 16 * n, {
        length: 16,
        tuplet: [3, 2],
        edge: n === 0 ? "start" : n === 2 ? "stop" : "",
        beams: isBeamed ? [(["begin", "continue", "end"] as const)[n]] : [],
      }),
    );
  const brackets = (svg: string) => rects(svg).filter(({ height }) => height === 0.8);

  it("have their number once, and a bracket if no beam shows how far they go", () => {
    const beamed = drawn(score(bar(three(["eighth SD", "eighth SD", "eighth SD"], true), [])));
    const loose = drawn(score(bar(three(["eighth SD", "eighth", "eighth SD"], false), [])));
    for (const [svg, ends] of [
      [beamed, 0],
      [loose, 2],
    ] as const) {
      const numbers = signs(svg).filter(({ part }) => part === "tuplet");
      expect(numbers.map(({ name }) => name)).toEqual(["tuplet3"]);
      expect(brackets(svg)).toHaveLength(ends);
      expect(numbers[0].y).toBeLessThan(Math.min(...stems(svg).map(({ y }) => y)));
    }
  });
});

describe("voices", () => {
  it("do not overlap", () => {
    const hands = notes(["quarter LFT", "quarter LFT SD", "eighth", "eighth CHH", "quarter SD"]);
    const feet = notes(["quarter KD", "quarter", "quarter KD", "quarter"]);
    const whole = score(bar(hands, feet), groove);
    const found = signs(drawn(whole)).filter(({ part }) => /^(notehead|rest)/.test(part));
    expect(found.length).toBeGreaterThan(20);
    for (const one of found)
      for (const other of found)
        if (one !== other) expect(overlap(one, other), `${one.part}, ${other.part}`).toBe(false);
  });

  it("share a rest that both have", () => {
    const svg = drawn(score(bar(notes(["half SD", "half"]), notes(["half KD", "half"]))));
    expect(signs(svg).filter(({ part }) => part === "rest")).toHaveLength(1);
  });

  it("share a rest within a triplet", () => {
    const triplet = (drum: string) => [
      note(`eighth ${drum}`, 0, { length: 16, tuplet: [3, 2], edge: "start" }),
      note("eighth", 16, { length: 16, tuplet: [3, 2] }),
      note(`eighth ${drum}`, 32, { length: 16, tuplet: [3, 2], edge: "stop" }),
    ];
    const svg = drawn(score(bar(triplet("SD"), triplet("KD"))));
    expect(signs(svg).filter(({ part }) => part === "rest")).toHaveLength(1);
  });

  it("are both silent in a bar with a rest of the whole bar", () => {
    const rest = note("whole", 0, { length: 192, isBar: true });
    const svg = drawn(score(bar([rest], []), groove));
    expect(signs(svg).filter(({ name }) => name === "restWhole")).toHaveLength(1);
  });
});

describe("lines", () => {
  const many = (count: number, more: (n: number) => Partial<ScoreBar>) =>
    score(...Array.from({ length: count }, (_, n) => ({ ...groove, ...more(n) })));

  it("have four bars, fewer where it is narrow, more where it is wide", () => {
    const whole = many(16, (n) => ({ beginsLine: n > 0 && n % 4 === 0 }));
    const counts = (width: number) => layOut(whole, width).map(({ bars }) => bars.length);
    expect(counts(WIDTH)).toEqual([4, 4, 4, 4]);
    expect(counts(50)).toEqual([2, 2, 2, 2, 2, 2, 2, 2]);
    expect(counts(260)).toEqual([8, 8]);
  });

  it("begin anew with a section, behind a double bar line", () => {
    const whole = many(8, (n) => ({
      beginsLine: n === 4,
      section: n === 4 ? "B" : n === 0 ? "A" : null,
    }));
    expect(layOut(whole, 400).map(({ bars }) => bars.length)).toEqual([4, 4]);
    const [first, second] = layOut(whole, WIDTH).map((line) => draw(whole, line).svg);
    expect(first).toContain(">A</text>");
    expect(second).toContain(">B</text>");
    const barLines = (svg: string) =>
      rects(svg).filter(({ y, height }) => y < 0 && y > -0.1 && height > 4);
    expect(barLines(first)).toHaveLength(5);
    // The last one of all is thin and thick.
    expect(barLines(second).map(({ width }) => width)).toContain(0.5);
  });

  it("fill their width, each bar behind the other", () => {
    for (const { bars, width } of layOut(
      many(8, (n) => ({ beginsLine: n === 4 })),
      WIDTH,
    )) {
      bars.slice(1).forEach(({ x }, n) => {
        expect(x).toBeCloseTo(bars[n].x + bars[n].width, 6);
      });
      const last = bars[bars.length - 1];
      expect(last.x + last.width).toBeCloseTo(width, 4);
      for (const { columns } of bars)
        columns.slice(1).forEach(([, x], n) => {
          expect(x - columns[n][1]).toBeGreaterThan(boxOf("noteheadBlack").right);
        });
    }
  });

  it("show a bar like the one before as a sign, but never first", () => {
    const whole = many(8, (n) => ({ beginsLine: n === 4, isRepeat: n > 0 }));
    const svg = drawn(whole);
    expect(signs(svg).filter(({ part }) => part === "simile")).toHaveLength(6);
    expect(heads(svg, "KD")).toHaveLength(2 * 3);
  });

  it("say the meter where it changes, tempo and swing at the beginning", () => {
    const whole = many(2, (n) => ({
      signature: n ? [12, 8] : [4, 4],
      feel: "swung eighths",
      swing: 0.66,
      tempo: n ? null : { beats: 120, value: "quarter", dots: 0, text: null },
    }));
    const svg = drawn(whole);
    const meter = signs(svg).filter(({ part }) => part === "signature");
    expect(meter.map(({ name }) => name.slice(-1)).join("")).toBe("44128");
    expect(svg).toContain("= 120</text>");
    expect([...svg.matchAll(/>Swing</g)]).toHaveLength(1);
  });

  it("say another tempo where it begins, and a ritardando in a word", () => {
    const tempo = { beats: 124, value: "quarter" as const, dots: 0, text: null };
    const slower = { ...tempo, beats: 80, text: "rit." };
    const tempi = [{ ...tempo, beats: 60, dots: 1 }, null, tempo, slower, { ...slower, text: "" }];
    const svg = drawn(many(5, (n) => ({ tempo: tempi[n] })));
    const texts = [...svg.matchAll(/>(= \d+|rit\.)</g)].map(([, text]) => text);
    expect(texts).toEqual(["= 60", "= 124", "rit."]);
    expect(signs(svg).filter(({ part }) => part === "tempo")).toHaveLength(2);
  });

  it("tell each bar in words", () => {
    expect(drawn(score(groove))).toContain(
      'aria-label="Bar 1. Drum CHH: 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5. Drum SD: 2, 4. Drum KD: 1, 3, 3.5."',
    );
  });
});

describe("times", () => {
  it("grow from left to right, each note where it is played", () => {
    const swung = { feel: "swung eighths", swing: 0.64 } as const;
    const whole = score({ ...groove, ...swung }, { ...groove, ...swung });
    const [line] = layOut(whole, WIDTH);
    const all = anchors(line);
    all.slice(1).forEach(([time, x], n) => {
      expect(time).toBeGreaterThan(all[n][0]);
      expect(x).toBeGreaterThan(all[n][1]);
    });
    const [first] = line.bars;
    const middle = boxOf("noteheadBlack").right / 2;
    expect(xAtTime(all, 2)).toBeCloseTo(first.columns[0][1] + middle, 6);
    // The second eighth of a beat of half a second comes at 0.64 of it.
    expect(xAtTime(all, 2 + 0.32)).toBeCloseTo(first.columns[1][1] + middle, 6);
    expect(xAtTime(all, 0)).toBeCloseTo(first.columns[0][1] + middle, 6);
    expect(xAtTime(all, 99)).toBeCloseTo(line.width, 6);
  });
});

describe("the legend", () => {
  it("has each drum once, with a name that is text", () => {
    const whole = { ...score(groove), drums: [["SD", "<b>&"] as const, ["KD", "Kick"] as const] };
    const [row, ...more] = legend(whole, WIDTH);
    expect(more).toEqual([]);
    expect(heads(row.svg)).toHaveLength(2);
    expect(row.svg).toContain("&#60;b&#62;&#38;</text>");
    expect(legend(whole, 8)).toHaveLength(2);
  });
});
