"""The slider that turns a song's own drums down, in any host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from tests.support.browser import until
from tests.support.drum_tracks import HITS, RATE, chords, drum_track
from tests.support.notebook.pages import slide

SLIDER = "Level of the song's own drums"
SILENT = -36
SECONDS = 8
DRUMS = 0.5 * drum_track(HITS, RATE, SECONDS)
CHORDS = 0.1 * chords(RATE, SECONDS)
BELOW_DB = float(10 * np.log10(np.mean(CHORDS**2) / np.mean((DRUMS + CHORDS) ** 2)))

# Loudness of what the song plays, dB: of four windows of 0.7 s.
LOUDNESS = """async session => {
  session.seek(0);
  await session.player.play();
  const { context, song } = session.player.buses;
  const ear = new AnalyserNode(context, { fftSize: 32768 });
  song.connect(ear);
  const samples = new Float32Array(32768);
  let sum = 0;
  for (const end of [1.0, 1.5, 2.0, 2.5]) {
    while (session.player.position < end) await new Promise(requestAnimationFrame);
    ear.getFloatTimeDomainData(samples);
    for (const value of samples) sum += value * value;
  }
  session.player.pause();
  return 10 * Math.log10(sum / 4 / 32768);
}"""


def write_song(path: Path) -> Path:
    """Write drums beside chords, whose hits are known: `HITS`."""
    soundfile.write(path, DRUMS + CHORDS, RATE, subtype="PCM_16")
    return path


def turned_down(page: Any, session: str) -> None:
    """Drums that are silent leave the chords."""
    before = page.evaluate(f"({LOUDNESS})({session})")
    slide(page, SLIDER, SILENT)
    assert page.get_by_text("−∞ dB").is_visible()
    until(page, f"{session}.says.startsWith('The drums are')", 60)
    after = page.evaluate(f"({LOUDNESS})({session})")
    assert after - before < BELOW_DB + 3, (before, after)
    slide(page, SLIDER, 0)
    again = page.evaluate(f"({LOUDNESS})({session})")
    assert abs(again - before) < 1.5
