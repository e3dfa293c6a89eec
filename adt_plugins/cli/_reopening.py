"""Finds the project of a song that was opened in Audacity before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from adt_plugins.audacity.saved_projects import find_saved
from adt_plugins.base.hashing import sha256
from adt_plugins.cli._format_options import LabelOptions
from adt_plugins.cli._job_plan import Job
from adt_plugins.cli._options import ModelOptions, OutputOptions, ReportOptions
from adt_plugins.cli.transcribe import WorkOptions
from adt_plugins.corrections.search import left_beside
from adt_plugins.errors import AdtError
from adt_plugins.formats.audacity_project.writer import check_target
from adt_plugins.labels.originals import Original
from adt_plugins.network.catalogue import find_model


def project_of(work: WorkOptions, job: Job, report: ReportOptions) -> Path | None:
    """Return the project in which a song was opened before.

    Parameters
    ----------
    work, report
        Options of the command.
    job
        The song.

    Returns
    -------
    Path or None
        The project that the user has saved, or else the one that we wrote. None if
        there is neither, or the options ask for something else.
    """
    target = job.target("aup")
    if report.report is not None or not _is_plain(work) or not _is_ours(target):
        return None
    originals = list(left_beside(job.folder, job.stem))
    if not originals or not _is_made_from(target, originals[0], work.model.model, job):
        return None
    made = target.stat().st_mtime
    saved = find_saved(job.stem, job.folder, originals)
    return next((path for path in saved if path.stat().st_mtime >= made), target)


def _is_plain(work: WorkOptions) -> bool:
    """Whether a project of an earlier run has everything that the options ask for."""
    plain = WorkOptions(
        outputs=OutputOptions(formats=("aup",), folder=work.outputs.folder),
        writers=replace(work.writers, labels=LabelOptions()),
        model=ModelOptions(model=work.model.model),
    )
    return work == plain


def _is_ours(target: Path) -> bool:
    try:
        check_target(target, overwrite=True)
    except AdtError:
        return False
    return target.is_file()


def _is_made_from(
    target: Path, original: Original, model: str | None, job: Job
) -> bool:
    """Whether a project was made from this input, and with this model."""
    source, made = Path(job.source), original.transcription
    if not source.is_file():
        return False
    if job.audio is None:  # a transcription
        return source.stat().st_mtime <= target.stat().st_mtime
    if model is not None and made.model.sha256 != find_model(model).sha256:
        return False
    return made.source.sha256 == sha256(source)
