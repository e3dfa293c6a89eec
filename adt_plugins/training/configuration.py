"""What the shipped model is trained with, and from: one place for both commands."""

from __future__ import annotations

from adt_plugins.card import FrontEnd, Geometry, LevelRule

FRONT_END = FrontEnd()

#: The reference of a loud drum track or song is brought to 4, 14 dB below that
#: of a recording whose peak is 0.7: on real songs quieter input did better, as
#: the logarithm then keeps hits apart from what sounds between them. The floor
#: is that of a recording 50 dB quieter still.
LEVEL = LevelRule(target=4.0, decay_db_per_second=2.0, floor=0.01)

#: Training hears 3.5 s at a time, long enough to learn from the bars around.
TRAINING_GEOMETRY = Geometry(core=256, context=48, batch=16)

#: The shipped network hears 3.2 s and keeps the middle. Where its chunks begin
#: changes up to 2.3 % of the picks with a context of 48 frames, about 1.5 % with
#: 80 or 96 and 0.6 % with 144; but the time to open the graph grows with the
#: square of its length, 0.36 s for 256 frames and 0.7 s for 448.
GEOMETRY = Geometry(core=160, context=80, batch=16)

#: What the renders are made of, for the model card.
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
    "note": "No recording of music was used, and no weights of another model.",
}
