/** Made by `notebook_ext/make_tables.py` from what Python has: change it there. */

/** Of drums, in the order in which lists show them. */
export const NAMES: Readonly<Record<string, string>> = {
  KD: "Kick",
  SD: "Snare",
  HH: "Hi-hat",
  TT: "Tom",
  CY: "Cymbal",
  OT: "Other",
  CHH: "Closed hi-hat",
  PHH: "Pedal hi-hat",
  OHH: "Open hi-hat",
  HIT: "High tom",
  MHT: "Mid tom",
  HFT: "High floor tom",
  LFT: "Low floor tom",
  RDC: "Ride",
  RDB: "Ride bell",
  CRC: "Crash",
  SPC: "Splash",
  CHC: "China",
  SST: "Side stick",
};

/** The drum that one is a kind of. */
export const COARSE: Readonly<Record<string, string>> = {
  CHH: "HH",
  PHH: "HH",
  OHH: "HH",
  HIT: "TT",
  MHT: "TT",
  HFT: "TT",
  LFT: "TT",
  RDC: "CY",
  RDB: "CY",
  CRC: "CY",
  SPC: "CY",
  CHC: "CY",
  SST: "OT",
};

/** Of General MIDI. */
export const NOTES: Readonly<Record<string, number>> = {
  KD: 36,
  SD: 38,
  HH: 42,
  TT: 47,
  CY: 49,
  OT: 39,
  CHH: 42,
  PHH: 44,
  OHH: 46,
  HIT: 48,
  MHT: 47,
  HFT: 43,
  LFT: 41,
  RDC: 51,
  RDB: 53,
  CRC: 49,
  SPC: 55,
  CHC: 52,
  SST: 37,
};

/** See `adt_plugins.editor.edits`. */
export const EDITS = {
  SAME_S: 0.02,
  MOST_OPS: 100000,
} as const;

/** See `adt_plugins.picking.exclusive`. */
export const EXCLUSIVE = {
  SAME_STROKE_S: 0.02,
  EPSILON: 1e-09,
} as const;

/** See `adt_plugins.picking.song_gate`. */
export const GATE = {
  RATE_PER_MINUTE: 2,
  LONE_PER_MINUTE: 20,
  LONE_FREE_S: 5,
  SHORT_S: 30,
  PER_OCTAVE: 0.04,
  REGULARITY_SHARE: 0.6,
  REGULAR: 0.4,
  BLOCK_S: 12,
  LEAST_HITS: 6,
  LEAST_PAIRS: 3,
  LAG_S: [0.2, 1],
  SAME_S: 0.02,
  TOGETHER_S: 0.03,
  SHARES: [0.5, 0.25, 0.25],
} as const;

/** See `adt_plugins.audio.decoder`. */
export const MIXING = {
  CANCELS: 0.6,
  AGREES: 0.8,
  EVERY: 4,
  ENOUGH: 8192,
  FADE: 441,
} as const;

/** See `adt_plugins.picking.velocity`. */
export const VELOCITY = {
  REFERENCE_VELOCITY: 110,
  REFERENCE_PERCENTILE: 90,
  DB_PER_DECADE: 40,
  RISE_S: 0.03,
  BEFORE_S: [0.03, 0.04],
  LEAST_RISE: 0.2,
} as const;

/** See `adt_plugins.features.band_levels`. */
export const LEVELS = {
  SILENCE: 1e-07,
  RANGES_HZ: {"KD": [40, 130], "SD": [180, 2000], "HH": [9000, 20000], "TT": [80, 500], "CY": [5000, 20000], "OT": [1000, 8000]},
} as const;

/** See `adt_plugins.picking.beginnings`. */
export const BEGINNINGS = {
  WINDOW: 21,
  PEAK_WINDOWS: 105,
  WINDOWS: 168,
  PEAK: 8,
  FIRST: 2,
  MOST_RISE_DB: 12,
  FALL_WEIGHT: 1.5,
  STRUCK: 16,
  QUIET: 3.1622776601683795e-05,
  SOFT: 0.0031622776601683794,
  FLOOR: 0.0004,
  LOOK_AHEAD_S: 1,
  INAUDIBLE: 0.0001,
  AROUND: [2, 4],
  SILENCE_S: 0.05,
  HUMP: 2,
  REACH: 6,
} as const;

/** See `adt_plugins.rhythm.bar_pointer`. */
export const BAR_POINTER = {
  TEMPI: 60,
  TRANSITION_LAMBDA: 100,
  OBSERVATION_LAMBDA: 16,
  NEVER: -1000000000000000019884624838656,
  STEPS: 64,
  KEPT_BYTES: 12582912,
} as const;

/** See `adt_plugins.rhythm.tempo_search`. */
export const TEMPO_SEARCH = {
  SEGMENT_S: 6,
  LEAST_SEGMENTS: 4,
  MULTIPLES: [0.3333333333333333, 0.5, 0.6666666666666666, 0.75, 1, 1.3333333333333333, 1.5, 2, 3],
  MARGIN: 9,
  NEAR: 0.12,
  SLACK_FRAMES: 2,
  MOST_CHANGE: 60,
  DOUBTFUL: 20,
} as const;

/** See `adt_plugins.rhythm.drum_patterns`. */
export const DRUM_PATTERNS = {
  WEIGHT: 0.5,
  UNUSUAL: 0.3,
  USUAL_BAR: 4,
  NEAR_FRAMES: 3,
  PATTERNS: {"4": {"KD": [0.68, 0.18, 0.25, 0.25, 0.43, 0.28, 0.25, 0.2], "SD": [0.1, 0.14, 0.48, 0.14, 0.19, 0.15, 0.46, 0.17], "CY": [0.45, 0.14, 0.28, 0.13, 0.3, 0.12, 0.27, 0.12]}, "3": {"KD": [0.78, 0.08, 0.2, 0.2, 0.3, 0.15], "SD": [0.08, 0.03, 0.48, 0.2, 0.48, 0.03], "CY": [0.55, 0.1, 0.35, 0.1, 0.35, 0.1]}},
  ANYWHERE: {"KD": 0.1, "SD": 0.1, "CY": 0.08},
  BLOCK: 4096,
  SURE: 0.99,
} as const;

/** See `adt_plugins.rhythm.compound`. */
export const COMPOUND = {
  MIN_BPM: 30,
  MAX_BPM: 130,
  USUAL_BAR: 2,
  PATTERN: {"KD": [0.75, 0.05, 0.12, 0.35, 0.05, 0.15], "SD": [0.05, 0.03, 0.12, 0.65, 0.08, 0.15], "CY": [0.5, 0.3, 0.35, 0.4, 0.3, 0.3], "ANY": [0.9, 0.55, 0.55, 0.9, 0.55, 0.6]},
  ANYWHERE: {"KD": 0.1, "SD": 0.1, "CY": 0.08, "ANY": 0.22},
  WEIGHT: {"KD": 1, "SD": 1, "CY": 1, "ANY": 0.5},
  COST: 0.5,
  SURE: 0.99,
  LEAST_DRUMS: 0.15,
  SWUNG: 0.7,
  LEAST_BEATS: 6,
  MOST_OF_COMPOUND: 2.2,
} as const;

/** See `adt_plugins.rhythm.chord_changes`. */
export const CHORDS = {
  WEIGHT: 2,
  LOWEST_HZ: 100,
  HIGHEST_HZ: 1500,
  SPAN_S: 1,
  POOLED: 5,
  LEAST: 0.02,
  MOST: 2,
} as const;

/** See `adt_plugins.rhythm.beats`. */
export const BEATS = {
  MIN_BPM: 55,
  MAX_BPM: 215,
  METERS: ["3/4", "4/4"],
  THRESHOLD: 0.05,
  CLEAR: 0.1,
  AROUND: 2,
  LEAST: 1e-06,
  ALIKE_FRAMES: 7,
  MOST: 0.7,
} as const;

/** See `adt_plugins.tempo`. */
export const TEMPO = {
  LARGEST_S: 0.04,
  DRIFT_S: 0.02,
  NEAR_S: 0.03,
  EXACT_S: 0.001,
  STRAY: 0.02,
  STRAY_S: 0.08,
  WINDOW: 8,
  LEAST_BEATS: 3,
  ROUND: [1, 0.5, 0.05, 0.01],
  ROUNDING: 0.00017,
  MOST_OFF_S: 0.01,
} as const;

/** See `adt_plugins.midi.tempo_map`. */
export const TEMPO_MAP = {
  TICKS_PER_QUARTER: 960,
  DEFAULT_TEMPO: 500000,
  TOLERANCE_S: {"auto": 0.025, "follow": 0.005},
  LEAST_LEAD_IN_S: 0.015,
  MIN_BPM: 30,
  LATEST_S: 100000,
  MOST_BEATS: 32,
  MOST_UPPER: 255,
  MOST_TEMPO: 16777215,
  PARTS: [240, 120, 60],
  NEAR_S: 0.009,
  MOST_OFF_S: 0.018,
  MOST_OTHER: 1.25,
  PARABOLA: [-0.09090909090909091, 0.06060606060606061, 0.16883116883116883, 0.23376623376623376, 0.2554112554112554, 0.23376623376623376, 0.16883116883116883, 0.06060606060606061, -0.09090909090909091],
  LOCAL: 8,
  LEAST_BEAT_S: 0.01,
} as const;

/** See `adt_plugins.midi.writer`. */
export const MIDI = {
  LEAD_IN: "Lead-in",
  PICKUP: "Pickup",
  NO_TEMPO: "120 BPM is not the music's tempo: ticks count seconds",
} as const;

/** See `adt_plugins.formats.notation.bars`. */
export const BARS = {
  MOST_BEATS: 100000,
  USUAL_TEMPO: 0.05,
  TIME_STEP_S: 9.5367431640625e-07,
  EARLY: 0.125,
  ROOM: 0.16666666666666666,
} as const;

/** See `adt_plugins.formats.notation.divisions`. */
export const DIVISIONS = {
  LOG_STEP: 9.5367431640625e-07,
  PRIORS: {"quarter": {"straight": {"2": 0.48, "4": 0.46, "8": 0.01, "3": 0.03, "6": 0.02}, "swung eighths": {"2 swung": 0.48, "3": 0.3, "6": 0.05, "12": 0.01, "4": 0.02}, "swung sixteenths": {"2": 0.48, "4 swung": 0.46, "8": 0.01, "6": 0.02}}, "dotted quarter": {"straight": {"3": 0.5, "6": 0.45, "12": 0.01, "2": 0.02, "4": 0.02}, "swung sixteenths": {"3": 0.5, "6 swung": 0.45, "12": 0.01, "2": 0.02}}, "eighth": {"straight": {"1": 0.5, "2": 0.45, "4": 0.02, "3": 0.03}, "swung sixteenths": {"1": 0.5, "2 swung": 0.45, "4": 0.02, "3": 0.03}}, "sixteenth or shorter": {"straight": {"1": 0.8, "2": 0.2}}},
  FEEL_PRIOR: {"straight": 0, "swung eighths": -2, "swung sixteenths": -12},
  OTHER_FEEL: -18,
  OTHER_FAMILY: -2.5,
  OTHER_STEPS: -0.3,
  NEVER: -1000000,
  PRIOR_WEIGHT: 24,
  MOST_TERNARY: 0.1,
  FINEST: 12,
  MOST_FINEST: 0.02,
} as const;

/** See `adt_plugins.formats.notation.rhythm`. */
export const RHYTHM = {
  TRIPLET_SWING: 0.6666666666666666,
  STRAY: 0.03,
  MEETING: -5,
  NEAR_MISS: -1,
  FIRST_ERROR_S: 0.02,
  LEAST_ERROR_S: 0.006,
  MOST_ERROR_S: 0.03,
  OFFSET_SHARE: 0.15,
  OFFSET_S: 0.06,
  AROUND: 6,
  USUAL_HITS: 3,
  KERNEL: 0.02,
  LEAST_PAIRS: 4,
  SWING: [570, 750],
  SWING_16: [590, 680],
  SWING_STEP: 5,
} as const;

/** See `adt_plugins.formats.notation.flams`. */
export const FLAMS = {
  MOST_GRACES: 2,
  FLAM_S: 0.045,
  DRAG_S: 0.07,
  DRAG_SOFTER: 0.6,
  SOFTER: 0.8,
  GRACED: ["SD", "TT"],
} as const;

/** See `adt_plugins.formats.notation.hands`. */
export const HANDS = {
  HANDS: 2,
  FEET: ["KD", "PHH"],
  CRASHES: ["CRC", "CY", "SPC", "CHC"],
  RIDES: ["RDC", "RDB"],
  HATS: ["OHH", "CHH", "HH"],
  NEAR_BARS: 4,
  LEAST_RUN: 4,
  ONE_OF: [["OHH", "CHH", "HH"], ["RDB", "RDC"]],
} as const;

/** See `adt_plugins.formats.notation.marks`. */
export const MARKS = {
  GHOST: 0.5,
  LOUD_PERCENT: 80,
  ACCENT: 1.3,
  MOST_ACCENTED: 0.25,
  NEAR_BARS: 2,
  LEAST_HITS: 8,
  LEAST_GHOSTS: 3,
  ACCENTED: ["SD", "HH", "TT"],
} as const;

/** See `adt_plugins.formats.notation.sections`. */
export const SECTIONS = {
  WINDOW_BARS: 4,
  LEAST_BARS: 4,
  LEAST_CHANGE: 0.5,
  LEAST_MORE: 0.2,
} as const;

/** See `adt_plugins.formats.notation.part`. */
export const PART = {
  TOGETHER_S: 0.025,
  SPREAD_S: 0.04,
  LEAST_PAIRS: 0.2,
  COMPOUND_SHARE: 0.8,
} as const;

/** See `adt_plugins.formats.notation.spelling`. */
export const SPELLING = {
  VALUES: ["whole", "half", "quarter", "eighth", "16th", "32nd", "64th", "128th"],
} as const;

/** See `adt_plugins.formats.notation.lines`. */
export const LINES = {
  BARS_A_LINE: 4,
} as const;

/** See `adt_plugins.formats.notation.staff`. */
export const STAFF = {
  PLACES: {"KD": [31, "normal"], "SD": [35, "normal"], "SST": [35, "x"], "CHH": [39, "x"], "OHH": [39, "circle-x"], "PHH": [29, "x"], "HIT": [37, "normal"], "MHT": [36, "normal"], "HFT": [33, "normal"], "LFT": [32, "normal"], "RDC": [38, "x"], "RDB": [38, "diamond"], "CRC": [40, "x"], "SPC": [42, "x"], "CHC": [41, "x"], "OT": [37, "triangle"], "HH": [39, "x"], "TT": [36, "normal"], "CY": [40, "x"]},
} as const;

/** See `adt_plugins.formats.tab`. */
export const TAB = {
  BARS_A_LINE: 4,
  MOST_COLUMNS: 110,
  ROWS: {"CC": ["CRC", "CY"], "SPC": ["SPC"], "CHC": ["CHC"], "RD": ["RDC", "RDB"], "HH": ["CHH", "HH", "OHH"], "T1": ["HIT"], "T2": ["MHT", "TT"], "OT": ["OT"], "SST": ["SST"], "SD": ["SD"], "F1": ["HFT"], "F2": ["LFT"], "KD": ["KD"], "HF": ["PHH"]},
  SIGNS: {"OHH": "o", "RDB": "b"},
  COUNTS: {"1": "", "2": "&", "3": "tl", "4": "e&a"},
  SWINGS: {"swung eighths": "swing", "swung sixteenths": "swung sixteenths"},
  GRACES: {"1": "f", "2": "d"},
} as const;

/** See `adt_plugins.formats.click`. */
export const CLICK = {
  SONG_GAIN: 0.5,
  CLICK_GAIN: 0.5,
  SOUNDS: {"KD": [57, 0.16], "LFT": [98, 0.16], "HFT": [155, 0.14], "MHT": [237, 0.12], "HIT": [362, 0.1], "OT": [553, 0.08], "SD": [885, 0.1], "SST": [1345, 0.04], "RDB": [2040, 0.15], "RDC": [3100, 0.12], "CRC": [4710, 0.25], "OHH": [7150, 0.3], "CHH": [7150, 0.05]},
  SHARED: {"HH": "CHH", "PHH": "CHH", "TT": "MHT", "CY": "CRC", "SPC": "CRC", "CHC": "CRC"},
  NARROW_HZ: 600,
} as const;

/** MIDI files of a song without beats, see `src/core/song`. */
export const PLAIN_MAPS = [{"suffix": ".drums.mid", "tempos": [[0, 500000]], "head": "TVRoZAAAAAYAAQACA8BNVHJrAAAAaQD/UQMHoSAA/1gEBAIYCAD/ATUxMjAgQlBNIGlzIG5vdCB0aGUgbXVzaWMncyB0ZW1wbzogdGlja3MgY291bnQgc2Vjb25kcwD/fxl9YWR0LXBsdWdpbnMgZW5kPTAgbm90ZXM9AP8vAA=="}, {"suffix": ".drums.120bpm.mid", "tempos": [[0, 500000]], "head": "TVRoZAAAAAYAAQACA8BNVHJrAAAAaQD/UQMHoSAA/1gEBAIYCAD/ATUxMjAgQlBNIGlzIG5vdCB0aGUgbXVzaWMncyB0ZW1wbzogdGlja3MgY291bnQgc2Vjb25kcwD/fxl9YWR0LXBsdWdpbnMgZW5kPTAgbm90ZXM9AP8vAA=="}] as const;
