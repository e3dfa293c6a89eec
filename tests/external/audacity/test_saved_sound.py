"""The sound of a project that the real Audacity saved, as it exports it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from adt_plugins.formats.audacity_project.aup3_sound import read_aup3_sound
from tests.support.audio import noise

if TYPE_CHECKING:
    from tests.support.audacity.program import Audacity

pytestmark = pytest.mark.needs_audacity

SECONDS = 10
SPLIT = ("SelectTime: Start=6 End=7 RelativeTo=ProjectStart", "Split:")
CUT = ("SelectTime: Start=3 End=5 RelativeTo=ProjectStart", "SplitDelete:")
TRIM = ("SelectTime: Start=0.5 End=2 RelativeTo=ProjectStart", "Trim:")
FIRST, SECOND, THIRD = (
    f"SelectTracks: Track={n} TrackCount=1 Mode=Set" for n in range(3)
)


def test_edited_projects(audacity: Audacity, tmp_path: Path) -> None:
    for name, rate, seed in (("a", 44100, 1), ("b", 44100, 2), ("c", 48000, 3)):
        sound = 0.2 * np.clip(noise(SECONDS * rate, seed=seed), -1, 1)
        soundfile.write(tmp_path / f"{name}.wav", sound, rate)
    audacity.start()
    edits = {
        "as imported": (f'Import2: Filename="{tmp_path / "a.wav"}"',),
        "a gap": (FIRST, *CUT),
        "a split": (FIRST, *SPLIT),
        "trimmed": (FIRST, *TRIM),
        "moved": ("SetClip: At=1.0 Start=3.21",),
        "two tracks": (f'Import2: Filename="{tmp_path / "b.wav"}"',),
        "gain": (SECOND, "SetTrackAudio: Gain=-6"),
        "solo": (SECOND, "SetTrackAudio: Solo=1"),
        "muted": (SECOND, "SetTrackAudio: Solo=0 Mute=1"),
        "another rate": (f'Import2: Filename="{tmp_path / "c.wav"}"',),
        "an envelope": (
            THIRD,
            "SetEnvelope: Time=1 Value=0.2",
            "SetEnvelope: Time=3 Value=1.5",
        ),
    }
    for number, (name, commands) in enumerate(edits.items()):
        for command in commands:
            audacity.command(command)
        exported, saved = (tmp_path / f"{number}.{end}" for end in ("wav", "aup3"))
        audacity.command("SelectTracks: Track=0 TrackCount=9 Mode=Set")
        audacity.command(f"SelectTime: Start=0 End={SECONDS} RelativeTo=ProjectStart")
        audacity.command(f'Export2: Filename="{exported}" NumChannels=1')
        audacity.save(saved)
        wanted, rate = soundfile.read(exported, dtype="float32")
        found = read_aup3_sound(saved)
        assert found is not None, name
        assert found[1] == rate, name
        assert len(found[0]) == len(wanted), name
        # An export is dithered, and resampled by Audacity.
        assert np.sqrt(np.mean(np.square(wanted))) > 0.03, name
        error = np.sqrt(np.mean(np.square(found[0] - wanted)))
        assert error < (3e-4 if number < len(edits) - 2 else 1.5e-3), name
