"""The configuration of the shipped model and its material, shared by all commands."""

from __future__ import annotations

from adt_plugins.card import FrontEnd, Geometry, LevelRule, Picker

FRONT_END = FrontEnd()

LEVEL = LevelRule(target=4.0, decay_db_per_second=2.0, floor=0.01)
"""The reference level of a loud drum track or song becomes 4, which is 14 dB below that
of a recording with a peak of 0.7. Quieter input worked better on real songs: the
logarithm then separates hits from the sounds between them. The floor is the level of a
recording another 50 dB quieter."""

TRAINING_GEOMETRY = Geometry(core=256, context=48, batch=16)
"""Training examples last 3.5 s, long enough to learn from neighbouring bars."""

GEOMETRY = Geometry(core=1024, context=128, batch=7)
"""The shipped network reads 12.8 s and keeps the middle: long chunks overlap less and
have fewer edges (experiment 17). XNNPACK multiplies seven rows at once (experiment
52)."""

PICKER = Picker(kind="valley")
"""Finds more strokes in fast succession than madmom's rule (experiment 31)."""

MATERIAL = {
    "performances": [
        "Groove MIDI Dataset, CC BY 4.0",
        "Freedoom music, BSD-3-Clause",
        "OpenMSX music, GPL-2.0",
        "patterns programmed by this project",
    ],
    "sounds": [
        "FreePats MuldjordKit, CC BY 4.0",
        "Sam's Sonor, CC BY-SA 4.0",
        "Gogodze Phu, CC0",
        "Frankensnare, CC0",
        "FreePats drum machines, public domain",
        "Hydrogen drum kits (Debian hydrogen-drumkits, hydrogen-data): "
        "each GPL-2.0, GPL-2.0+, CC BY-SA 3.0, CC BY 3.0 or CC0",
        "AVL Drumkits, CC BY-SA 3.0",
        "FluidR3 GM, MIT",
        "TimGM6mb, GPL-2.0",
        "MuseScore General, MIT",
        "sf_GMbank (Debian csound-soundfont), public domain",
        "guitar strums by Gabriel Verdugo Soto, CC BY 3.0",
        "OpenAIR rooms, CC BY 4.0",
        "voices of eSpeak NG, GPL-3.0",
    ],
    "real sounds": [
        "voices of everythingisremixed, CC0",
        "guitars of Muldjord's songs (Debian fretsonfire-songs-muldjord), CC BY-SA 3.0",
        "guitars of Sectoid's songs (Debian fretsonfire-songs-sectoid), MIT",
        "music of Battle for Wesnoth, GPL-2.0+",
        "music of Unknown Horizons, CC BY-SA 3.0",
        "music of Colobot, GPL-3.0+",
        "music of Naev, each GPL-2.0+, GPL-3.0, CC BY 3.0 or CC BY-SA 3.0",
        "music of Pushover, GPL-3.0+",
    ],
    "recorded songs": [
        "Obsidian Shell (Debian marsshooter-data), CC BY-SA 3.0",
        "Muldjord's songs (Debian fretsonfire-songs-muldjord), CC BY-SA 3.0",
        "Sectoid's songs (Debian fretsonfire-songs-sectoid), MIT",
        "music of Naev, each GPL-2.0+, CC BY 3.0 or CC BY-SA 3.0",
        "music of OpenClonk, each CC BY 3.0 or CC0",
        "music of WarMUX, GPL-2.0+",
    ],
    "note": "No recording of music that people labelled was used, and no weights of"
    " another model: real sounds have no drums, and are mixed with renders; recorded"
    " songs were labelled by earlier networks of this project, where these were sure.",
}
"""Material of the renders, for the model card."""
