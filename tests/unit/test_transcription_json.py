"""A transcription as JSON."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adt_plugins.activations import Activations
from adt_plugins.annotations import Beat, Onset, Source
from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError
from adt_plugins.transcription import Transcription
from tests.support.transcriptions import small
from tests.support.work import lines_run

onsets = st.builds(
    Onset,
    st.floats(0, 1e6),
    st.sampled_from(Drum),
    st.integers(1, 127),
    st.floats(0, 1),
)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


sources = st.builds(
    Source,
    path=st.none() | st.text(),
    sha256=st.none() | st.text("0123456789abcdef", max_size=64),
    sample_rate=st.none() | st.integers(1, 384_000),
    channels=st.none() | st.integers(1, 64),
    duration=st.none() | st.floats(0, 1e6),
    offset=st.floats(0, 1e6),
)


transcriptions = st.builds(
    Transcription,
    onsets=st.lists(onsets, max_size=30).map(tuple),
    beats=st.lists(st.builds(Beat, st.floats(0, 1e6), st.integers(1, 12))).map(tuple),
    source=sources,
    model=st.dictionaries(st.text(), json_values, max_size=4),
)


# JSON


@settings(deadline=None)
@given(transcriptions)
def test_json_keeps_everything_exactly(whole: Transcription) -> None:
    text = whole.to_json()
    text.encode()
    read = Transcription.from_json(text)
    assert read == whole
    assert read.to_json() == text
    assert json.loads(text) == whole.to_dict()


def test_a_file_name_that_is_no_utf8_survives() -> None:
    whole = Transcription(source=Source("S\udcf6ng.wav"))
    assert Transcription.from_json(whole.to_json().encode().decode()) == whole


def test_one_onset_a_line() -> None:
    lines = small().to_json().split("\n")
    assert lines[0] == '{"format": "adt-plugins", "version": 1,'
    assert lines[2] == (
        '  {"time": 1.0, "drum": "CHH", "velocity": 80, "confidence": 1.0},'
    )
    assert json.loads(small().to_json())["version"] == 1


def test_activations_stay_in_memory() -> None:
    values = Activations(np.zeros((2, 1), np.float32), ("KD",), 100.0)
    whole = replace(small(), activations=values)
    assert whole == small()
    assert whole.to_json() == small().to_json()


HEAD = '{"format": "adt-plugins", "version": 1, '
ONSET = '"time": 1.0, "drum": "KD"'


@pytest.mark.parametrize(
    "text",
    [
        HEAD + '"onsets": [{' + ONSET + '}], "later": [1], "source": {"later": 1}}',
        HEAD + '"onsets": [{' + ONSET + ', "later": {"x": null}}]}',
    ],
)
def test_unknown_keys_are_skipped(text: str) -> None:
    assert Transcription.from_json(text) == Transcription((Onset(1.0, Drum.KD),))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not a transcription"),
        ("null", "not a transcription"),
        ('{"format": "other"}', "not a transcription"),
        ('{"format": "adt-plugins"}', "version None"),
        ('{"format": "adt-plugins", "version": 2, "onsets": []}', "version 2"),
        (HEAD + '"beats": []}', "no onsets"),
        (HEAD + '"onsets": {}}', "onsets are not a list"),
        (HEAD + '"onsets": "abc"}', "onsets are not a list"),
        (HEAD + '"onsets": [1]}', "onset 1 is not an object"),
        (HEAD + '"onsets": [{' + ONSET + '}, {"time": 1}]}', "onset 2 has no drum"),
        (HEAD + '"onsets": [{"drum": "KD"}]}', "onset 1 has no time"),
        (HEAD + '"onsets": [{"time": "1", "drum": "KD"}]}', "time is a number"),
        (HEAD + '"onsets": [{"time": null, "drum": "KD"}]}', "time is a number"),
        (HEAD + '"onsets": [{"time": NaN, "drum": "KD"}]}', "finite"),
        (HEAD + '"onsets": [{"time": -Infinity, "drum": "KD"}]}', "finite"),
        (HEAD + '"onsets": [{"time": 1e999, "drum": "KD"}]}', "finite"),
        (HEAD + '"onsets": [{"time": -1, "drum": "KD"}]}', "at least 0"),
        (
            HEAD + '"onsets": [{"time": ' + "9" * 5000 + ', "drum": "KD"}]}',
            "JSON|finite",
        ),
        (HEAD + '"onsets": [{"time": 1, "drum": "XX"}]}', "unknown drum 'XX'"),
        (HEAD + '"onsets": [{"time": 1, "drum": ["KD"]}]}', "unknown drum"),
        (HEAD + '"onsets": [{' + ONSET + ', "velocity": 1.0}]}', "whole number"),
        (HEAD + '"onsets": [{' + ONSET + ', "velocity": true}]}', "whole number"),
        (HEAD + '"onsets": [{' + ONSET + ', "velocity": 200}]}', "1 to 127"),
        (HEAD + '"onsets": [{' + ONSET + ', "confidence": 2}]}', "0 to 1"),
        (HEAD + '"onsets": [], "beats": {}}', "beats are not a list"),
        (HEAD + '"onsets": [], "beats": [{"time": 1}]}', "beat 1 has no position"),
        (HEAD + '"onsets": [], "source": []}', "source 1 is not an object"),
        (HEAD + '"onsets": [], "source": {"duration": "1"}}', "duration is a number"),
        (HEAD + '"onsets": [], "source": {"path": 1}}', "path is text"),
        (HEAD + '"onsets": [], "model": []}', "model is not an object"),
        (HEAD + '"onsets": [], "model": {"x": 1e400}}', "finite"),
    ],
)
def test_what_is_no_transcription_is_refused_in_one_short_line(
    text: str, reason: str
) -> None:
    with pytest.raises(FormatError, match=reason) as error:
        Transcription.from_json(text)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 200


def test_nested_models_do_not_overflow_the_stack() -> None:
    deep = HEAD + '"onsets": [], "model": {"x": ' + "[" * 900 + "]" * 900 + "}}"
    with contextlib.suppress(FormatError):  # refused or read, by Python's version
        Transcription.from_json(deep)


def test_work_grows_with_the_onsets() -> None:
    count = 10**4
    whole = Transcription(tuple(Onset(i / 50, Drum.CHH, 90, 0.5) for i in range(count)))
    assert len(whole[100:200]) == 5000
    assert Transcription.from_json(whole.to_json()) == whole
    looks = (whole.counts, lambda: whole.times("HH"), lambda: whole[1:3])
    assert sum(map(lines_run, looks)) < 20 * count
    assert lines_run(lambda: Transcription.from_json(whole.to_json())) < 400 * count
