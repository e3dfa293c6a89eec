"""Codes, names and notes of the drums."""

from __future__ import annotations

import pickle

import pytest

from adt_plugins.drums import Drum, as_drum, drum_of_code, drum_of_name, drum_of_note

FAMILIES = {
    "KD": "KD",
    "SD": "SD",
    "HH": "HH CHH PHH OHH",
    "TT": "TT HIT MHT HFT LFT",
    "CY": "CY RDC RDB CRC SPC CHC",
    "OT": "OT SST",
}
NOTES = {
    36: "KD",
    37: "SST",
    38: "SD",
    39: "OT",
    41: "LFT",
    42: "HH CHH",
    43: "HFT",
    44: "PHH",
    46: "OHH",
    47: "TT MHT",
    48: "HIT",
    49: "CY CRC",
    51: "RDC",
    52: "CHC",
    53: "RDB",
    55: "SPC",
}


def test_every_drum_has_its_family_and_note() -> None:
    families = {
        fine: coarse for coarse, all_ in FAMILIES.items() for fine in all_.split()
    }
    assert {d.value: d.coarse.value for d in Drum} == families
    notes = {code: note for note, codes in NOTES.items() for code in codes.split()}
    assert {d.value: d.note for d in Drum} == notes
    assert len({d.full_name for d in Drum}) == len(Drum)


def test_a_drum_is_its_code() -> None:
    assert str(Drum.CHH) == f"{Drum.CHH}" == Drum.CHH == "CHH"
    assert pickle.loads(pickle.dumps(Drum.CHH)) is Drum.CHH


@pytest.mark.parametrize("value", ["", "kd", "XX", "K" * 500, 36, None])
def test_an_unknown_drum_is_refused_in_one_short_line(value: object) -> None:
    with pytest.raises(ValueError, match=r"unknown drum .*there are KD SD HH") as error:
        Drum(value)
    assert len(str(error.value)) < 200


@pytest.mark.parametrize("drum", Drum)
def test_codes_and_full_names_are_understood(drum: Drum) -> None:
    assert drum_of_name(drum.value) is drum_of_code(drum.value) is drum
    for text in (drum.full_name, drum.full_name.upper(), f" {drum.full_name}\t"):
        assert drum_of_name(text) is drum


def test_written_notes_read_back_as_a_drum_of_the_family() -> None:
    for drum in Drum:
        read = drum_of_note(drum.note)
        assert read is not None
        assert read.coarse is drum.coarse
        assert read.note == drum.note
        if drum not in FAMILIES:  # the finest drums come back as they were
            assert read is drum


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        ("kick|Bass drum|BD|bassdrum|Kick-Drum|kd|36|35", "KD"),
        ("snare|Snare Drum|sd|SDG|SDNS|rimshot|38|40|ghost note", "SD"),
        ("HiHat|hi hat|HI-HAT|hats|hh", "HH"),
        ("HiHat closed|closed hi-hat|hihat_closed|chh|Closed HH|42|22", "CHH"),
        ("open hihat|hi-hat open|OHH|hho|26|46", "OHH"),
        ("pedal hi-hat|foot hi-hat|44", "PHH"),
        ("tom|Toms|tt", "TT"),
        ("tom 1|Hi Tom|HIT|50|48", "HIT"),
        ("mid tom|tom2|45", "MHT"),
        ("floor tom|41", "LFT"),
        ("crash|Crash Cymbal|crash 2|57|49", "CRC"),
        ("ride|59", "RDC"),
        ("ride bell|bell", "RDB"),
        ("china|chinese cymbal|52", "CHC"),
        ("Side-Stick|cross stick|37", "SST"),
        ("cowbell|56|TMB|tambourine|81", "OT"),
    ],
)
def test_names_that_people_give(texts: str, code: str) -> None:
    assert {text: drum_of_name(text) for text in texts.split("|")} == dict.fromkeys(
        texts.split("|"), Drum(code)
    )


@pytest.mark.parametrize(
    "text", ["", " ", "hit", "verse", "bass", "0", "27", "128", "9999", "٣٨", "3.8"]
)
def test_other_texts_are_no_drum(text: str) -> None:
    assert drum_of_name(text) is None


@pytest.mark.parametrize("note", [-1, 0, 21, 23, 34, 82, 127, 128])
def test_notes_outside_a_kit_are_no_drum(note: int) -> None:
    assert drum_of_note(note) is None


@pytest.mark.parametrize("code", ["sd", "Snare", "BD", ""])
def test_codes_are_exact(code: str) -> None:
    assert drum_of_code(code) is None


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (("snare", "Snare drum", "SD", "sd", "38", 38, Drum.SD, " snares "), "SD"),
        (("kick", "bass drum", 36, "35"), "KD"),
        (("hi-hat", "Hats", 42, "42"), "HH"),  # ours are written as 42
        (("closed hi-hat", "CHH", "chh", 22), "CHH"),
        (("toms", 47), "TT"),
        (("cymbals", 49, "49"), "CY"),
        (("hit", "HIT", "high tom", 50), "HIT"),
        (("side stick", "37"), "SST"),
    ],
)
def test_who_asks_for_a_drum_may_say_it_in_any_way(
    asked: tuple[object, ...], code: str
) -> None:
    assert [as_drum(name) for name in asked] == [Drum(code)] * len(asked)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("snair", "unknown drum 'snair'; did you mean snare?"),
        ("snar", "unknown drum 'snar'; did you mean snare?"),
        ("bass", "unknown drum 'bass'; did you mean kick?"),
        ("hihut", "unknown drum 'hihut'; did you mean hi-hat?"),
        ("verse", "unknown drum 'verse'; there are KD SD"),
        ("", "unknown drum ''; there are KD"),
        (99, "unknown drum '99'; there are KD"),
        (True, "unknown drum True; there are KD"),
        (3.8, "unknown drum 3.8; there are KD"),
        ("snare" * 99, "…'; there are KD"),
    ],
)
def test_who_mistypes_a_drum_is_told_what_comes_close(
    asked: object, message: str
) -> None:
    with pytest.raises(ValueError, match=r"unknown drum") as error:
        as_drum(asked)
    assert message in str(error.value)
    assert len(str(error.value)) < 200
