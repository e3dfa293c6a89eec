"""Where a model loses: every onset is counted once, under the right heading."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile

from adt_plugins import cli
from adt_plugins.annotations import Onset
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtError
from adt_plugins.training.learn import analysis
from adt_plugins.transcription import Transcription
from tests.support.tiny_model import RATE, play

TRUE = [(1.0, "KD"), (1.01, "CHH"), (1.2, "SD"), (1.25, "SD"), (3.0, "SST")]
FOUND = [(1.02, "KD"), (1.21, "SD"), (3.01, "SD"), (3.5, "RDC")]
LEVELS = {1.0: -20.0, 1.2: -30.0, 1.25: -44.0, 3.01: -40.0}


def onsets(hits: list[tuple[float, str]]) -> Transcription:
    return Transcription(tuple(Onset(time, Drum(drum)) for time, drum in hits))


def cases() -> list[analysis.Case]:
    return analysis.compare(
        "song", onsets(TRUE), onsets(FOUND), lambda _, time: LEVELS.get(time, -37.0)
    )


def test_every_onset_is_one_case() -> None:
    assert [(c.drum, c.time, c.outcome) for c in cases()] == [
        (Drum.KD, 1.0, "hit"),
        (Drum.SD, 1.2, "hit"),
        (Drum.SD, 1.25, "missed"),
        (Drum.SD, 3.01, "extra"),
        (Drum.HH, 1.01, "missed"),
        (Drum.CY, 3.5, "extra"),
    ]


def test_what_is_around_an_onset() -> None:
    by_onset = {(c.drum, c.time): c for c in cases()}
    kick, hat = by_onset[Drum.KD, 1.0], by_onset[Drum.HH, 1.01]
    # Two drums struck together: neither is the hit before the other.
    assert (kick.beside, kick.gap) == ((Drum.HH,), 10.0)
    assert (hat.beside, hat.gap) == ((Drum.KD,), 10.0)
    flam, stick = by_onset[Drum.SD, 1.25], by_onset[Drum.SD, 3.01]
    assert flam.gap == pytest.approx(0.05)
    assert stick.beside == (Drum.OT,)
    assert stick.gap == pytest.approx(3.01 - 1.25)
    # The snares' median is -37 dB; cymbals, which the reference lacks, have that
    # of all its hits in their own range.
    assert flam.level == pytest.approx(-7)
    assert stick.level == pytest.approx(-3)
    assert by_onset[Drum.CY, 3.5].level == pytest.approx(0)


@pytest.mark.parametrize(
    ("level", "name"),
    [
        (-13, "below -12 dB"),
        (-12, "-12 to -6 dB"),
        (-0.1, "-6 to 0 dB"),
        (0, "above 0 dB"),
    ],
)
def test_level_groups(level: float, name: str) -> None:
    case = analysis.Case("x", Drum.KD, 0.0, "hit", level, 0.3, ())
    assert analysis.level_group(case) == name
    assert analysis.gap_group(case) == "250 to 500 ms"
    assert analysis.beside_group(case) == "alone"


def test_the_table_names_the_greatest_loss_first() -> None:
    text = analysis.table(cases())
    lines = [line.split() for line in text.splitlines() if "SD " in line]
    assert lines[0] == ["SD", "song", "1", "hit", "1", "missed", "1", "extra"]
    losses = [int(line[-4]) + int(line[-2]) for line in lines[1:4]]
    assert losses == sorted(losses, reverse=True)
    with_stick = ["SD", "with", "OT", "0", "hit", "0", "missed", "1", "extra"]
    assert with_stick in lines


def test_the_command(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hits = [(0.5, "KD"), (1.0, "SD"), (1.5, "KD")]
    soundfile.write(tmp_path / "a b.drums.wav", play(hits, 2.0), RATE)
    lines = "".join(f"{time}\t{drum}\n" for time, drum in [*hits[:2], (1.8, "HH")])
    (tmp_path / "a b.txt").write_text(lines, encoding="utf-8")
    assert (
        cli.main(["train", "analyse", str(tmp_path), "--model", str(tiny_model)]) == 0
    )
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["KD", "a", "b.drums", "1", "hit", "0", "missed", "1", "extra"] in rows
    assert ["SD", "a", "b.drums", "1", "hit", "0", "missed", "0", "extra"] in rows
    assert ["HH", "a", "b.drums", "0", "hit", "1", "missed", "0", "extra"] in rows


def test_a_folder_without_references(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"")
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(AdtError, match=r"no recording with a reference NAME\.txt"):
            list(analysis.find_recordings(folder))


def test_the_plot(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    analysis.plot(cases(), tmp_path / "plot.svg")
    text = (tmp_path / "plot.svg").read_text(encoding="utf-8")
    assert text.count("<!-- ") > 50  # one comment for each text that is drawn
    assert "with OT" in text
