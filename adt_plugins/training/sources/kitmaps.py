"""Maps notes, names and classes of the source material to drums."""

from __future__ import annotations

import re

DRUM_CODES = (
    *("KD", "SD", "SST", "CHH", "PHH", "OHH", "HIT", "MHT", "HFT", "LFT"),
    *("RDC", "RDB", "CRC", "SPC", "CHC", "OT"),
)
HATS = ("CHH", "PHH", "OHH")
TOMS = ("HIT", "MHT", "HFT", "LFT")
CYMBALS = ("RDC", "RDB", "CRC", "SPC", "CHC")

GM_NOTES: dict[int, str] = {
    35: "KD",
    36: "KD",
    37: "SST",
    38: "SD",
    40: "SD",
    42: "CHH",
    44: "PHH",
    46: "OHH",
    41: "LFT",
    43: "HFT",
    45: "MHT",
    47: "MHT",
    48: "HIT",
    50: "HIT",
    49: "CRC",
    57: "CRC",
    51: "RDC",
    59: "RDC",
    53: "RDB",
    55: "SPC",
    52: "CHC",
    **dict.fromkeys((39, 54, 56, 58, *range(60, 82)), "OT"),
}

# The kits of avldrums: edges of the toms stand for a second tom.
AVL_NOTES: dict[int, str] = {
    36: "KD",
    37: "SST",
    38: "SD",
    40: "SD",
    42: "CHH",
    44: "PHH",
    46: "OHH",
    41: "LFT",
    43: "HFT",
    45: "MHT",
    47: "HIT",
    49: "CRC",
    57: "CRC",
    51: "RDC",
    59: "RDC",
    53: "RDB",
    55: "SPC",
    39: "OT",
    54: "OT",
    56: "OT",
    64: "OT",
}

# The kit of the Groove dataset: rims of the toms stand for the toms, the two
# crashes' bows and edges for crashes.
TD11_NOTES: dict[int, str] = {
    36: "KD",
    37: "SST",
    38: "SD",
    40: "SD",
    22: "CHH",
    42: "CHH",
    44: "PHH",
    26: "OHH",
    46: "OHH",
    48: "HIT",
    50: "HIT",
    45: "MHT",
    47: "MHT",
    43: "LFT",
    58: "LFT",
    49: "CRC",
    57: "CRC",
    55: "CRC",
    52: "CRC",
    51: "RDC",
    59: "RDC",
    53: "RDB",
    39: "OT",
    54: "OT",
    56: "OT",
}

ONESHOT_CLASSES: dict[str, str] = {
    "KD": "KD",
    "SD": "SD",
    "SS": "SST",
    "HHC": "CHH",
    "HHP": "PHH",
    "HHO": "OHH",
    "CR": "CRC",
    "RD": "RDC",
    "RB": "RDB",
}
ONESHOT_TOMS: dict[str, str] = {
    "tom1": "HIT",
    "tom2": "MHT",
    "tom3": "HFT",
    "tom4": "LFT",
    "tom_high": "HIT",
    "tom_mid": "MHT",
    "tom_low": "LFT",
    "tom_hh": "HIT",
    "tom_h": "HIT",
    "tom_m": "MHT",
    "tom_l": "HFT",
    "tom_ll": "LFT",
    "tr505_tom_h": "HIT",
    "tr505_tom_m": "MHT",
    "tr505_tom_l": "LFT",
    "tom": "MHT",
}

# Searched in this order in the lower-cased instrument name; "" leaves it out.
NAME_RULES: tuple[tuple[str, str], ...] = (
    (r"roll|zap|fx|sample|redo|whistle|empty|choke|swish|noise", ""),
    (r"^\d*$|^\W*$|[a-g]#?\d -\s*$|drum [12]$|^click$", ""),
    (r"tambourine|agogo|cowbell|clap|conga|shaker|clave|maraca|bongo|cajon|snap", "OT"),
    (r"wood|glass|djembe|sangban|dununba|kenkeni", "OT"),
    (r"rim ?shot", "SD"),
    (r"stick|rim", "SST"),
    (r"crash/ride (bell|bow)", "RDC"),
    (r"snare", "SD"),
    (r"bell|cup", "RDB"),
    (r"splash", "SPC"),
    (r"china", "CHC"),
    (r"ride-crash", "RDC"),
    (r"crash|cymbal", "CRC"),
    (r"(hat|hh).*(pedal|foot|pd)|(pedal|foot).*(hat|hh)", "PHH"),
    (r"(hat|hh).*(semi|half|open|free|op\b)|(open|o)\s?(hat|hh)", "OHH"),
    (r"hat|hh", "CHH"),
    (r"kick|bass ?drum", "KD"),
    (r"floor|tom ?low|low tom", "LFT"),
    (r"tom ?(hi|1)|(hi|high) ?tom", "HIT"),
    (r"tom", "MHT"),
    (r"ride", "RDC"),
)
# Kits whose names differ from their files.
NAME_EXCEPTIONS: dict[tuple[str, str], str] = {
    ("ForzeeStereo", "stick"): "OT",
    ("ColomboAcousticDrumkit", "pedal hh"): "OHH",
    ("ForzeeStereo", 'crash/ride bell (paiste rude crash/ride 18")'): "RDB",
}
# Sounds that stand for no drum in particular, whatever their names say.
LEFT_OUT_KITS = ("Audiophob", "belofilms_GuitarStrums")

# Kits that share recordings are held out together: TimGM6mb's with sf_GMbank's.
# (Black Pearl, GMRockKit and Red Zeppelin share theirs as well; all are trained on.)
HELD_OUT_KITS = (
    *(r"^sams_sonor$", r"^TimGM", r"^sf_GM", r"^Colombo", r"^Millo_MultiLayered3$"),
    *(r"^drum_machine_mrk2$", r"^VariBreaks$", r"^frankensnare_(14p|22|20_brush)"),
)
# Kits of one big soundfont share samples and would crowd out the others.
WEIGHTS: tuple[tuple[str, float], ...] = (
    (r"^FluidR3|^MuseScore", 0.4),
    (r"^TimGM|^sf_GM", 0.3),
    (r"^drum_machine|808|Electro|VariBreaks|ElectricEmpire|rumpf", 0.7),
    (r"^frankensnare", 0.35),
    (r"^circAfrique|^Gimme", 0.5),
    (r"Pearl|GMRock", 2.0),
    (r"muldjord|sonor|Zeppelin|Forzee|gogodze", 4.0),
)


def code_of_name(kit: str, name: str) -> str:
    """Return the drum code of a named instrument, ``""`` if it is not a drum."""
    lowered = name.lower().strip()
    if (kit, lowered) in NAME_EXCEPTIONS:
        return NAME_EXCEPTIONS[kit, lowered]
    for pattern, code in NAME_RULES:
        if re.search(pattern, lowered):
            return code
    return ""


def is_held_out(kit: str) -> bool:
    """Return whether a kit is kept for validation."""
    return any(re.search(pattern, kit) for pattern in HELD_OUT_KITS)


def kit_weight(kit: str) -> float:
    """Return how often a kit is drawn, relative to the others."""
    for pattern, weight in WEIGHTS:
        if re.search(pattern, kit):
            return weight
    return 2.0
