"""Drum notation: every hit at its time and staff place, every bar full."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adt_plugins import formats
from adt_plugins.annotations import Beat, Onset, Source
from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError
from adt_plugins.formats.notation.divisions import Feel
from adt_plugins.formats.notation.part import make_part
from adt_plugins.transcription import Transcription

ORDER = [
    "grace",
    "chord",
    "unpitched",
    "rest",
    "duration",
    "instrument",
    "voice",
    "type",
    "dot",
    "time-modification",
    "stem",
    "notehead",
    "beam",
    "notations",
]
QUARTERS = {
    "whole": 4,
    "half": 2,
    "quarter": 1,
    "eighth": 0.5,
    "16th": 0.25,
    "32nd": 0.125,
    "64th": 0.0625,
}


class Read(NamedTuple):
    """A note: its bar, its place there in quarters, its drum."""

    bar: int
    place: Fraction
    drum: str


def beats(count: int, meter: int = 4, first: int = 1) -> list[Beat]:
    return [Beat(n / 2, (first - 1 + n) % meter + 1) for n in range(count)]


def score(onsets: Sequence[Onset], counted: Sequence[Beat], folder: Path) -> ET.Element:
    whole = Transcription(tuple(onsets), tuple(counted), Source("Sö<&>ng.wav"))
    path = formats.output_path("song", folder, "musicxml")
    assert path.name == "song.drums.musicxml"
    formats.write(whole, path, overwrite=True, warn=lambda message: None)
    return ET.parse(path).getroot()


def number(element: ET.Element, path: str) -> int:
    text = element.findtext(path)
    assert text is not None
    return int(text)


def notes_of(root: ET.Element) -> list[Read]:
    """Walk through the score as a reader does, and check it on the way."""
    divisions = number(root, ".//divisions")
    read = []
    full = Fraction(0)
    for measure in root.iter("measure"):
        bar = int(measure.get("number", "-1"))
        if (time := measure.find("attributes/time")) is not None:
            full = Fraction(4 * number(time, "beats"), number(time, "beat-type"))
        at = start = Fraction(0)
        for element in measure:
            if element.tag == "backup":
                back = Fraction(number(element, "duration"), divisions)
                assert back == at
                at = Fraction(0)
            if element.tag != "note" or element.find("grace") is not None:
                continue
            length = check_note(element, divisions)
            if element.find("chord") is None:
                start, at = at, at + length
            if (instrument := element.find("instrument")) is not None:
                drum = instrument.get("id", "").removeprefix("P1-")
                read.append(Read(bar, start, drum))
        assert at == full or (bar == 0 and at < full)
    return read


def check_note(note: ET.Element, divisions: int) -> Fraction:
    tags = [child.tag for child in note]
    assert sorted(tags, key=ORDER.index) == tags
    length = Fraction(number(note, "duration"), divisions)
    assert length > 0
    kind = note.findtext("type")
    if kind is not None:
        shown = Fraction(QUARTERS[kind]) * (Fraction(3, 2) if "dot" in tags else 1)
        if (ratio := note.find("time-modification")) is not None:
            shown *= Fraction(number(ratio, "normal-notes"))
            shown /= number(ratio, "actual-notes")
        assert shown == length
    return length


def test_a_groove(tmp_path: Path) -> None:
    onsets = [
        *(Onset(n / 4, Drum.CHH) for n in range(8)),
        *(Onset(float(n), Drum.KD) for n in range(2)),
        *(Onset(n + 0.5, Drum.SD) for n in range(2)),
        Onset(1.875, Drum.SD),
    ]
    root = score(onsets, beats(4), tmp_path)
    assert root.findtext("work/work-title") == "Sö<&>ng"
    assert root.findtext(".//clef/sign") == "percussion"
    assert (number(root, ".//beats"), number(root, ".//beat-type")) == (4, 4)
    assert root.findtext(".//per-minute") == "120"
    actual = sorted(notes_of(root))
    assert actual == sorted(
        [
            *(Read(1, Fraction(n, 2), "CHH") for n in range(8)),
            *(Read(1, Fraction(2 * n), "KD") for n in range(2)),
            *(Read(1, Fraction(2 * n + 1), "SD") for n in range(2)),
            Read(1, Fraction(15, 4), "SD"),
        ]
    )


def test_voices_places_and_heads(tmp_path: Path) -> None:
    drums = [Drum.KD, Drum.SD, Drum.CHH, Drum.OHH, Drum.PHH, Drum.SST, Drum.RDB]
    onsets = [Onset(n / 2, drum) for n, drum in enumerate(drums)]
    root = score(onsets, beats(8), tmp_path)
    drawn = {
        note.find("instrument").get("id"): tuple(  # type: ignore[union-attr]
            note.findtext(path)
            for path in (
                "unpitched/display-step",
                "unpitched/display-octave",
                "notehead",
                "voice",
                "stem",
            )
        )
        for note in root.iter("note")
        if note.find("instrument") is not None
    }
    assert drawn == {
        "P1-KD": ("F", "4", "normal", "2", "down"),
        "P1-SD": ("C", "5", "normal", "1", "up"),
        "P1-CHH": ("G", "5", "x", "1", "up"),
        "P1-OHH": ("G", "5", "circle-x", "1", "up"),
        "P1-PHH": ("D", "4", "x", "2", "down"),
        "P1-SST": ("C", "5", "x", "1", "up"),
        "P1-RDB": ("F", "5", "diamond", "1", "up"),
    }


@pytest.mark.parametrize("drum", Drum)
def test_sounds_are_one_above_their_midi_notes(tmp_path: Path, drum: Drum) -> None:
    root = score([Onset(0.0, drum)], beats(4), tmp_path)
    assert number(root, ".//midi-unpitched") == drum.note + 1
    assert number(root, ".//midi-channel") == 10
    assert [read.drum for read in notes_of(root)] == [drum.value]
    used = {e.get("id") for e in root.iter("instrument")}
    assert used == {e.get("id") for e in root.iter("score-instrument")}


def test_triplets_have_brackets(tmp_path: Path) -> None:
    times = [0, 1 / 6, 2 / 6, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75]
    root = score([Onset(t, Drum.SD) for t in times], beats(4), tmp_path)
    assert [t.get("type") for t in root.iter("tuplet")] == ["start", "stop"]
    places = [read.place for read in notes_of(root)]
    assert places[:4] == [0, Fraction(1, 3), Fraction(2, 3), 1]


def test_compound_meter(tmp_path: Path) -> None:
    times = [n / 6 for n in range(12)]
    root = score([Onset(t, Drum.CHH) for t in times], beats(4, meter=2), tmp_path)
    assert (number(root, ".//beats"), number(root, ".//beat-type")) == (6, 8)
    assert [r.place for r in notes_of(root)] == [Fraction(n, 2) for n in range(6)] * 2
    assert root.find(".//tuplet") is None
    assert root.find(".//beat-unit-dot") is not None
    sound = root.find(".//sound")
    assert sound is not None
    assert sound.get("tempo") == "180.00"


def test_pickup_and_change_of_meter(tmp_path: Path) -> None:
    counted = [
        Beat(n / 2, p) for n, p in enumerate([4, 1, 2, 3, 4, 1, 2, 3, 1, 2, 3, 4])
    ]
    root = score([Onset(n / 2, Drum.KD) for n in range(12)], counted, tmp_path)
    measures = list(root.iter("measure"))
    assert [m.get("number") for m in measures] == ["0", "1", "2", "3"]
    assert measures[0].get("implicit") == "yes"
    assert [m.findtext("attributes/time/beats") for m in measures] == [
        "4",
        None,
        "3",
        "4",
    ]
    assert len(notes_of(root)) == 12


@example([(0.0, Drum.KD), (0.125, Drum.KD), (0.328, Drum.SD), (1.3125, Drum.KD)], 2, 1)
@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.floats(0, 12), st.sampled_from(Drum)), max_size=60),
    st.integers(2, 6),
    st.integers(1, 6),
)
def test_every_step_is_where_the_grid_has_it(
    tmp_path_factory: pytest.TempPathFactory,
    pairs: list[tuple[float, Drum]],
    meter: int,
    first: int,
) -> None:
    counted = beats(24, meter, min(first, meter))
    onsets = [Onset(time, drum) for time, drum in pairs]
    root = score(onsets, counted, tmp_path_factory.mktemp("score"))
    part = make_part(Transcription(tuple(onsets), tuple(counted)))
    swung = {bar.number for bar in part.bars if bar.feel is Feel.EIGHTHS}

    def as_printed(bar: int, place: Fraction, drum: str) -> tuple[int, Fraction, str]:
        """A hand that plays two of three triplets of a swung beat has swung eighths."""
        late = bar in swung and place % 1 == Fraction(2, 3)
        return bar, place - Fraction(1, 6) if late else place, drum

    want = set()
    for bar in part.bars:
        start = Fraction(0)
        for beat in bar.beats:
            for step, strokes in beat.strokes.items():
                want |= {(bar.number, start + beat.place(step), d) for d in strokes}
            start += beat.quarters
    read = {as_printed(*note) for note in notes_of(root)}
    assert read == {as_printed(*stroke) for stroke in want}
    assert sum(part.left_out.values()) + len(list(part.strokes())) <= len(onsets)


def test_without_beats(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="musicxml needs beats"):
        formats.write(Transcription(), tmp_path / "a.musicxml")


def test_silence(tmp_path: Path) -> None:
    root = score([], beats(8), tmp_path)
    assert notes_of(root) == []
    assert len(root.findall(".//rest[@measure='yes']")) == 2


def everything(folder: Path) -> Path:
    """Return a part with everything that is written: swing, triplets, flams, drags …"""
    onsets = []
    for bar in range(16):
        start = 2.0 * bar
        metal = Drum.CHH if bar < 8 else Drum.RDC
        onsets += [
            Onset(start + n / 2 + late, metal, 110 if n == 0 and not late else 70)
            for n in range(4)
            for late in (0.0, 0.31)
        ]
        onsets += [Onset(start + n, Drum.KD) for n in (0, 1, *[1.31] * (bar > 7))]
        onsets += [Onset(start + 0.5, Drum.SD, 110), Onset(start + 1.5, Drum.SD, 110)]
        onsets += [Onset(start + 0.81, Drum.SD, 30), Onset(start + 1.31, Drum.SD, 30)]
    onsets += [Onset(2.5 - 0.03, Drum.SD, 40), Onset(4.5 - 0.03, Drum.SD, 40)]
    onsets += [Onset(4.5 - 0.06, Drum.SD, 40)]
    onsets += [Onset(32 + n / 6, Drum.HIT) for n in range(3)]
    beats = tuple(Beat(n / 2, (n + 3) % 4 + 1) for n in range(66))
    beats = tuple(Beat(b.time, n % 4 + 1) for n, b in enumerate(beats))
    whole = Transcription(tuple(onsets), beats, Source(f"{'long ' * 20}.wav"))
    return formats.write(whole, folder / "a.drums.musicxml", warn=lambda _: None)[0]


def test_everything_is_valid_musicxml_4(tmp_path: Path) -> None:
    etree = pytest.importorskip("lxml.etree")
    package = pytest.importorskip("musicxml").__file__
    schema = Path(package).parent / "generate_classes" / "musicxml_4_0.xsd"
    attributes = "".join(
        f'<xs:attribute name="{name}"/>'
        for name in (
            "lang",
            "space",
            "href",
            "type",
            "role",
            "title",
            "show",
            "actuate",
        )
    )
    imported = (
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"'
        ' targetNamespace="%s">' + attributes + "</xs:schema>"
    )
    names = {
        "xml.xsd": "http://www.w3.org/XML/1998/namespace",
        "xlink.xsd": "http://www.w3.org/1999/xlink",
    }

    class Here(etree.Resolver):  # type: ignore[misc, name-defined]
        """Stands for two files on the web, of which only names matter."""

        def resolve(self, url: str, _: str, context: object) -> object:
            name = names.get(url.rsplit("/", 1)[-1])
            if name is None:
                return None
            return self.resolve_string(imported % name, context)

    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(Here())
    validator = etree.XMLSchema(etree.parse(str(schema), parser))
    path = everything(tmp_path)
    document = etree.parse(str(path))
    validator.assertValid(document)
    for wanted in ("swing", "rehearsal", "grace", "beam", "tuplet", "accent", "print"):
        assert document.findall(f".//{wanted}"), wanted
    for wanted in ("notehead[@parentheses='yes']", "credit-words[@font-size]"):
        assert document.findall(f".//{wanted}"), wanted
    document.find(".//note").insert(0, etree.Element("beam"))
    assert not validator.validate(document)


def test_loudness_is_written_out(tmp_path: Path) -> None:
    onsets = [Onset(0.0, Drum.KD, 90), Onset(0.5, Drum.KD, 45)]
    root = score(onsets, beats(4), tmp_path)
    actual = [
        note.get("dynamics") for note in root.iter("note") if note.get("dynamics")
    ]
    assert actual == ["100.00", "50.00"]


def test_lines_have_four_bars(tmp_path: Path) -> None:
    root = score([Onset(n / 2, Drum.KD) for n in range(48)], beats(48), tmp_path)
    lines = [
        m.get("number") for m in root.iter("measure") if m.find("print") is not None
    ]
    assert lines == ["5", "9"]
    assert [e.text for e in root.iter("bar-style")] == ["light-heavy"]
    assert root.findtext(".//part-name") == "Drums"


def test_where_nobody_plays_one_rest_is_shown(tmp_path: Path) -> None:
    """Rests of the hands are in the staff, wherever the notes around them are."""
    onsets = [Onset(0.0, Drum.CRC), Onset(0.0, Drum.KD), Onset(0.5, Drum.SD)]
    root = score(onsets, beats(4), tmp_path)
    shown = [
        (
            note.findtext("voice"),
            note.findtext("type"),
            note.findtext("rest/display-step"),
            note.get("print-object", "yes"),
        )
        for note in root.iter("note")
        if note.find("rest") is not None
    ]
    assert shown == [
        ("1", "half", "D", "yes"),
        ("2", "quarter", None, "yes"),  # while the snare sounds
        ("2", "half", None, "no"),
    ]


def test_the_page_has_room_for_the_lines(tmp_path: Path) -> None:
    """Of the staff's height are 40 tenths; the page is A4."""
    root = score([Onset(0.0, Drum.KD)], beats(4), tmp_path)
    tenth = float(root.findtext(".//millimeters") or 0) / number(root, ".//tenths")
    sides = [root.findtext(f".//page-{side}") for side in ("width", "height")]
    assert [float(side or 0) * tenth for side in sides] == pytest.approx([210, 297])
    assert 40 * tenth <= 5


@pytest.mark.parametrize(("letters", "size"), [(48, None), (96, 11.0)])
def test_a_long_title_is_small(
    tmp_path: Path, letters: int, size: float | None
) -> None:
    title = "x" * letters
    song = Transcription((Onset(0.0, Drum.KD),), tuple(beats(4)), Source(title))
    root = ET.parse(formats.write(song, tmp_path / "a.musicxml")[0]).getroot()
    assert root.findtext("work/work-title") == title
    credit = root.find("credit/credit-words")
    assert (credit is None) == (size is None)
    if credit is not None:
        assert (credit.text, float(credit.get("font-size", 0))) == (title, size)


def test_swing_stands_before_the_tempo(tmp_path: Path) -> None:
    """As programs print them, with a space that MuseScore keeps."""
    hats = [Onset(n / 2 + late, Drum.CHH) for n in range(32) for late in (0, 0.32)]
    root = score(hats, beats(32), tmp_path)
    (direction,) = (
        d for d in root.iter("direction") if d.find(".//metronome") is not None
    )
    assert [kind[0].tag for kind in direction.findall("direction-type")] == [
        "words",
        "metronome",
    ]
    assert direction.findtext(".//words") == "Swing "
