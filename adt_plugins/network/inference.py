"""Runs a model over frames: a card and its network, nothing else."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from weakref import WeakSet

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from adt_plugins.base.forking import in_child
from adt_plugins.card import ModelCard
from adt_plugins.errors import ModelError
from adt_plugins.network.catalogue import beside, network_bytes
from adt_plugins.network.litert import Runner, open_runner

_networks: WeakSet[Network] = WeakSet()
_abandoned: list[Runner | None] = []


class Network:
    """A model, ready to run.

    A recording is cut into chunks according to the card's geometry. They run in
    batches, and each starts from a zero state. The result for a frame depends neither
    on the caller's blocks nor on earlier runs. Threads may share a network and take
    turns.

    Parameters
    ----------
    card
        Card from `find_model`.
    num_threads
        Threads in one run; more than one helps little.

    Attributes
    ----------
    card : ModelCard
        The card.
    bands : int
        Number of values in a frame.

    Raises
    ------
    ModelError
        If the file is missing, has been altered, or does not fit its card.
    MissingDependencyError
        If the LiteRT runtime is missing.
    """

    card: ModelCard
    bands: int

    def __init__(self, card: ModelCard, *, num_threads: int = 1) -> None:
        if card.look_ahead is not None:
            raise ModelError(
                f"model {card.name!r} reads a frame at a time: it is for adt listen"
            )
        self.card, self._num_threads = card, num_threads
        self._content = network_bytes(card)
        self._lock = threading.Lock()
        runner = self._open()
        self._runner: Runner | None = runner
        self.bands, self._batch = runner.bands, runner.batch
        if runner.outputs != len(card.outputs):
            path = beside(card, card.file)
            raise ModelError(
                f"{path}: it does not fit its card: {runner.outputs} outputs"
            )
        _networks.add(self)

    def _open(self) -> Runner:
        path = beside(self.card, self.card.file)
        return open_runner(path, self._content, self.card.geometry, self._num_threads)

    def activations(self, frames: ArrayLike) -> NDArray[np.float32]:
        """Run the network over a whole recording.

        Parameters
        ----------
        frames
            Frames from the card's front end, shape (n, bands), n >= 0.

        Returns
        -------
        NDArray[np.float32]
            Shape (n, outputs), 0-1, in the order of `card.outputs`.
        """
        block = np.asarray(frames, dtype=np.float32)
        empty = np.zeros((0, len(self.card.outputs)), np.float32)
        return np.concatenate([empty, *self.stream([block])])

    def stream(
        self, blocks: Iterable[ArrayLike], at_once: int | None = None
    ) -> Iterator[NDArray[np.float32]]:
        """Run the network over a recording that arrives in blocks.

        Memory is bounded, whatever the length.

        Parameters
        ----------
        blocks
            Arrays of shape (n, bands), n >= 0, in order.
        at_once
            Chunks that are gathered before they are run, from 1 to the geometry's
            batch; None: the batch. Fewer chunks give earlier results, at a small cost.

        Yields
        ------
        NDArray[np.float32]
            Shape (m, outputs); as many rows in all as there were frames.
        """
        geometry = self.card.geometry
        step = geometry.core * (at_once or self._batch)
        span = step + 2 * geometry.context
        pending: list[NDArray[np.float32]] = []
        length = received = returned = 0
        padding = np.zeros((1, self.bands), np.float32)
        for item in blocks:
            block = self._as_frames(item)
            if not len(block):
                continue
            if not received:
                if geometry.padding == "first":
                    padding = block[:1].copy()
                pending.append(np.repeat(padding, geometry.context, axis=0))
                length = geometry.context
            # Copied, since the caller may reuse the array.
            pending.append(block.copy())
            length += len(block)
            received += len(block)
            while length >= span:
                joined = np.concatenate(pending)
                yield self._run(joined[:span])
                returned += step
                pending, length = [joined[step:]], length - step
        while returned < received:
            left = -(-(received - returned) // geometry.core) * geometry.core
            span = min(step, left) + 2 * geometry.context
            missing = np.repeat(padding, max(0, span - length), axis=0)
            joined = np.concatenate([*pending, missing])
            yield self._run(joined[:span])[: received - returned]
            returned += step
            pending, length = [joined[step:]], len(joined) - step

    def _as_frames(self, item: ArrayLike) -> NDArray[np.float32]:
        block = np.asarray(item, dtype=np.float32)
        if block.ndim != 2 or block.shape[1] != self.bands:
            raise ValueError(
                f"frames must be of shape (n, {self.bands}), not {block.shape}"
            )
        return block

    def _run(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run one batch: consecutive chunks with their context."""
        geometry = self.card.geometry
        windows = sliding_window_view(frames, geometry.frames, axis=0)[:: geometry.core]
        chunks = np.ascontiguousarray(windows.transpose(2, 0, 1))
        with self._lock:
            if self._runner is None:
                self._runner = self._open()
            values = self._runner.run(chunks)
        joined: NDArray[np.float32] = values.transpose(1, 0, 2).reshape(
            -1, values.shape[2]
        )
        return joined


def _renew() -> None:
    """Reopen networks: a run of the parent may be unfinished, its threads gone."""
    for network in list(_networks):
        # Closing the runner would wait for threads that do not exist here.
        _abandoned.append(network._runner)
        network._lock, network._runner = threading.Lock(), None


in_child(_renew)
