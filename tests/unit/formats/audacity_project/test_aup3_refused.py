"""Files that are no projects of Audacity 3, though some look like one."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from adt_plugins import formats
from adt_plugins.errors import AdtError, FormatError
from adt_plugins.formats.audacity_project import aup3
from tests.support.audacity.make_aup3 import APPLICATION_ID

RANDOM = random.Random(0).randbytes(100_052)


def other_database(path: Path, *statements: str, log: bool = False) -> Path:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        if log:
            database.execute("PRAGMA journal_mode = WAL")
        for statement in statements:
            database.execute(statement)
    return path


PROJECT = "CREATE TABLE project (id INTEGER PRIMARY KEY, dict BLOB, doc BLOB)"
AUTOSAVE = "CREATE TABLE autosave (id INTEGER PRIMARY KEY, dict BLOB, doc BLOB)"
ENDLESS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
    " SELECT max(i) AS id, x'' AS dict, x'' AS doc FROM n"
)
GIANT = "zeroblob(70000000)"


@pytest.mark.parametrize(
    ("statements", "reason"),
    [
        ([], "not a project of Audacity 3: no table 'project'"),
        ([PROJECT], "not a project of Audacity 3: no table 'autosave'"),
        ([PROJECT, AUTOSAVE], "a project of Audacity without a document"),
        (
            ["CREATE TABLE project (id INTEGER PRIMARY KEY, dict BLOB)", AUTOSAVE],
            "not a project of Audacity 3: no table 'project'",
        ),
        (
            [f"CREATE VIEW project AS {ENDLESS}", AUTOSAVE],
            "not a project of Audacity 3: no table 'project'",
        ),
        (
            [
                "CREATE TABLE project (id INTEGER PRIMARY KEY, dict BLOB,"
                f" doc BLOB GENERATED ALWAYS AS ({GIANT}))",
                "INSERT INTO project (id, dict) VALUES (1, x'')",
                AUTOSAVE,
            ],
            "not a project of Audacity 3: no table 'project'",
        ),
        (
            [
                "CREATE VIRTUAL TABLE project USING fts4(id, dict, doc)",
                "INSERT INTO project VALUES (1, 'a', 'b')",
                AUTOSAVE,
            ],
            "not a project of Audacity 3: no table 'project'",
        ),
        (
            [PROJECT, AUTOSAVE, f"INSERT INTO project VALUES (1, x'', {GIANT})"],
            "its document is too large for a project",
        ),
        (
            [PROJECT, AUTOSAVE, "INSERT INTO project VALUES (1, 'text', 'text')"],
            "not a project of Audacity 3: its document is not valid",
        ),
        (
            [PROJECT, AUTOSAVE, "INSERT INTO project VALUES (1, NULL, NULL)"],
            "not a project of Audacity 3: its document is not valid",
        ),
        (
            [PROJECT, AUTOSAVE, "INSERT INTO project VALUES (2, x'', x'')"],
            "a project of Audacity without a document",
        ),
        (
            [PROJECT, AUTOSAVE, "INSERT INTO project VALUES (1, x'', x'')"],
            "a project without label tracks",
        ),
    ],
)
@pytest.mark.parametrize("log", [False, True])
def test_other_databases(
    tmp_path: Path, statements: list[str], reason: str, log: bool
) -> None:
    path = other_database(tmp_path / "a.aup3", *statements, log=log)
    with pytest.raises(FormatError) as error:
        formats.read(path)
    assert str(error.value) == f"{path}: {reason}"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"SQLite format 3\0", "not a project of Audacity 3"),
        (b"SQLite format 3\0" + bytes(84), "not a project of Audacity 3"),
        (b"RIFF" + bytes(200), "not a project of Audacity 3"),
        (
            b"SQLite format 3\0" + bytes(52) + b"AUDY" + bytes(10_000),
            "not a project that can be read: file is not a database",
        ),
        (
            b"SQLite format 3\0" + RANDOM[:52] + b"AUDY" + RANDOM[52:],
            "not a project that can be read: file is not a database",
        ),
    ],
)
def test_other_files(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "a.aup3"
    path.write_bytes(content)
    with pytest.raises(FormatError) as error:
        formats.read(path)
    assert str(error.value) == f"{path}: {reason}"


def test_a_database_that_is_no_project(tmp_path: Path) -> None:
    path = tmp_path / "a.aup3"
    with closing(sqlite3.connect(path)) as database:
        database.execute(PROJECT)
    with pytest.raises(FormatError, match="not a project of Audacity 3"):
        formats.read(path)
    with pytest.raises(AdtError, match=r"b\.aup3: no such file"):
        formats.read(tmp_path / "b.aup3")
    with pytest.raises(AdtError, match="is a folder"):
        formats.read(tmp_path, "aup")


def test_reading_comes_to_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A table without the key that it should have: all of its rows are looked at.
    rows = "WITH n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n LIMIT 300000)"
    path = other_database(
        tmp_path / "a.aup3",
        "CREATE TABLE project (id, dict BLOB, doc BLOB)",
        AUTOSAVE,
        f"{rows} INSERT INTO project SELECT i, x'', x'' FROM n",
    )
    monkeypatch.setattr(aup3, "_MOST_SECONDS", 0.0)
    with pytest.raises(
        FormatError, match="not a project that can be read: interrupted"
    ):
        formats.read(path)


def test_memory_does_not_follow_the_size_of_a_file(tmp_path: Path) -> None:
    """A document of 70 MB is refused with hardly any memory."""
    path = other_database(
        tmp_path / "a.aup3",
        PROJECT,
        AUTOSAVE,
        f"INSERT INTO project VALUES (1, x'', {GIANT})",
    )
    code = (
        "import resource, sys; from adt_plugins import formats\n"
        "from adt_plugins.errors import AdtError\n"
        "from adt_plugins.formats.audacity_project import aup3\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak()\n"
        "try: formats.read(sys.argv[1])\n"
        "except AdtError as error: print(error)\n"
        "print(peak() - before)\n"
    )
    if sys.platform == "win32":
        pytest.skip("not on this system: there is no resource module")
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
    )
    message, grown = done.stdout.splitlines()
    assert message.endswith("its document is too large for a project")
    assert int(grown) < 20_000  # kB
