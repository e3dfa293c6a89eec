import { expect, it } from "vitest";
import { timeBase } from "../web/page/time-base";

const bytes = (...parts: (string | number[] | Uint8Array)[]): Uint8Array =>
  Uint8Array.from(
    parts.flatMap((part) =>
      typeof part === "string" ? [...part].map((c) => c.charCodeAt(0)) : [...part],
    ),
  );

const big = (value: number, length = 4): number[] =>
  Array.from({ length }, (_, i) => Math.floor(value / 2 ** (8 * (length - 1 - i))) % 256);

// --- MP4 --------------------------------------------------------------------

const box = (type: string, ...parts: Uint8Array[]): Uint8Array => {
  const content = bytes(...parts);
  return bytes(big(content.length + 8), type, content);
};

interface Trak {
  readonly type: "soun" | "vide";
  readonly enabled?: boolean;
  /** Thousandths of a second that are empty; samples that are left out. */
  readonly empty?: number;
  readonly from?: number;
  readonly codec?: string;
}

function trak(id: number, { type, enabled = true, empty = 0, from = 0, codec = "mp4a" }: Trak) {
  const edit = (lasts: number, at: number[]) => bytes(big(lasts), at, [0, 1, 0, 0]);
  const entries = [...(empty ? [edit(empty, [255, 255, 255, 255])] : []), edit(9000, big(from))];
  return box(
    "trak",
    box("tkhd", bytes(big(enabled ? 3 : 2), big(0, 8), big(id), big(0, 68))),
    box("edts", box("elst", bytes(big(0), big(entries.length), ...entries))),
    box(
      "mdia",
      box("mdhd", bytes(big(0, 12), big(44100), big(0, 8))),
      box("hdlr", bytes(big(0, 8), type, big(0, 13))),
      box("minf", box("stbl", box("stsd", bytes(big(0), big(1), box(codec, bytes(big(0, 28))))))),
    ),
  );
}

const mp4 = (...traks: Trak[]): Uint8Array =>
  bytes(
    box("ftyp", bytes("isom")),
    box(
      "moov",
      box("mvhd", bytes(big(0, 12), big(1000), big(0, 84))),
      ...traks.map((one, index) => trak(index + 1, one)),
    ),
    box("mdat", bytes([1, 2, 3])),
  );

const named = (data: Uint8Array, name: string): number =>
  String.fromCharCode(...data).split(name).length - 1;

it("puts the sound of an MP4 where its edit list does", () => {
  expect(timeBase(mp4({ type: "vide" }, { type: "soun", empty: 477 })).late).toBeCloseTo(0.477);
  const both = mp4({ type: "vide", empty: 300 }, { type: "soun", empty: 477 });
  expect(timeBase(both).late).toBeCloseTo(0.177);
  expect(timeBase(mp4({ type: "soun", empty: 477 })).late).toBe(0); // no pictures
  expect(timeBase(mp4({ type: "vide" }, { type: "soun", empty: 12 })).late).toBe(0);
});

it("leaves out the encoder's delay itself where Chromium does it twice", () => {
  const data = mp4({ type: "soun", from: 1105, codec: ".mp3" });
  expect(timeBase(data).skip).toBeCloseTo(1105 / 44100);
  expect([named(data, "edts"), named(data, "free")]).toEqual([0, 1]);
  const aac = mp4({ type: "soun", from: 1024 });
  expect(timeBase(aac).skip).toBe(0);
  expect(named(aac, "edts")).toBe(1);
});

it("lets the browser see the default track alone", () => {
  const data = mp4(
    { type: "soun", enabled: false },
    { type: "vide" },
    { type: "soun", empty: 500 },
  );
  const { late, track } = timeBase(data);
  expect(late).toBeCloseTo(0.5);
  expect(track).toEqual({ number: 2, of: 2 });
  expect(named(data, "trak")).toBe(2);
  const first = mp4({ type: "soun" }, { type: "soun" });
  expect(timeBase(first).track).toEqual({ number: 1, of: 2 });
  expect(timeBase(mp4({ type: "soun" })).track).toBeUndefined();
  expect(named(first, "trak")).toBe(2);
});

// --- Matroska ---------------------------------------------------------------

const element = (id: number[], ...parts: Uint8Array[]): Uint8Array => {
  const content = bytes(...parts);
  return bytes(id, [1, ...big(content.length, 7)], content);
};
const OPEN = [1, 255, 255, 255, 255, 255, 255, 255];

const entry = (number: number, type: number, codec: string, isDefault = 1): Uint8Array =>
  element(
    [0xae],
    element([0xd7], bytes([number])),
    element([0x83], bytes([type])),
    element([0x88], bytes([isDefault])),
    element([0x86], bytes(codec)),
  );
const block = (track: number, time: number, flags = 0): Uint8Array =>
  element([0xa3], bytes([0x80 | track], big(time, 2), [flags, 1, 2, 3]));

function matroska(tracks: Uint8Array[], blocks: Uint8Array[], live = false): Uint8Array {
  const cluster = bytes(element([0xe7], bytes(big(1000))), ...blocks);
  const id = [0x1f, 0x43, 0xb6, 0x75];
  const content = bytes(
    element([0x15, 0x49, 0xa9, 0x66], element([0x2a, 0xd7, 0xb1], bytes(big(1e6)))),
    element([0x16, 0x54, 0xae, 0x6b], ...tracks),
    live ? bytes(id, OPEN, cluster) : element(id, cluster),
  );
  const segment = [0x18, 0x53, 0x80, 0x67];
  return bytes(
    element([0x1a, 0x45, 0xdf, 0xa3], bytes([0])),
    live ? bytes(segment, OPEN, content) : element(segment, content),
  );
}

it("puts the sound of a Matroska film where its first block is", () => {
  const tracks = [entry(1, 1, "V_VP8"), entry(2, 2, "A_AAC")];
  for (const live of [false, true]) {
    const data = matroska(tracks, [block(1, 0), block(2, 477), block(2, 500)], live);
    expect(timeBase(data).late).toBeCloseTo(0.477);
  }
  const vorbis = [entry(1, 1, "V_VP8"), entry(2, 2, "A_VORBIS")];
  const apart = matroska(vorbis, [block(1, 0), block(2, 474), block(2, 477)]);
  expect(timeBase(apart).late).toBeCloseTo(0.477);
  const laced = matroska(vorbis, [block(1, 0), block(2, 474, 2), block(2, 600, 2)]);
  expect(timeBase(laced).late).toBeCloseTo(0.4765);
  expect(timeBase(matroska(tracks.slice(1), [block(2, 477)])).late).toBe(0);
});

it("chooses the default track of a Matroska film", () => {
  const tracks = [entry(1, 1, "V_VP8"), entry(2, 2, "A_AAC", 0), entry(3, 2, "A_AAC")];
  const data = matroska(tracks, [block(2, 0), block(1, 0), block(3, 300)]);
  expect(timeBase(data).late).toBeCloseTo(0.3);
});

// --- anything ---------------------------------------------------------------

it("takes whatever is given", () => {
  let state = 1;
  const random = (below: number) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
  const films = [
    mp4({ type: "vide" }, { type: "soun", empty: 477, codec: "Opus" }),
    matroska([entry(1, 1, "V_VP8"), entry(2, 2, "A_AAC")], [block(1, 0), block(2, 477)], true),
  ];
  for (let turn = 0; turn < 2000; turn++) {
    const data = films[turn % 2].slice(0, turn % 3 ? undefined : random(400));
    for (let i = 0; i < 3; i++) data[random(data.length)] = random(256);
    const { late, skip } = timeBase(data);
    expect(Number.isFinite(late) && Number.isFinite(skip) && late >= 0 && skip >= 0).toBe(true);
  }
});
