"""Training steps as a CUDA graph, so that a GPU does not wait for the host to start kernels."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import torch
from torch import Size, Tensor

from graphrec_cli.terminal_text import first_line

log = logging.getLogger("graphrec")

_STEPS_BEFORE = 3
"""Ordinary steps before the capture: they create the optimizer's state and load the libraries."""


class GraphedStep:
    """Takes training steps, by replaying a captured one once the shape of a batch has repeated.

    Batches of another shape, such as the last one of an epoch, are taken as ordinary steps, and so
    are all batches if the step cannot be captured.
    """

    def __init__(self, take_step: Callable[[Any], Tensor]) -> None:
        """Capture nothing yet.

        Args:
            take_step: takes a step on a batch, a named tuple of CUDA tensors, and returns its
                loss. It must do the same for every batch of the same shape, because what it does
                besides calling CUDA kernels is not repeated.
        """
        self._take_step = take_step
        self._shapes: list[Size] = []
        self._repeated = 0
        self._captured: _Captured | None = None
        self._refused = False
        self._side_stream = torch.cuda.Stream()

    def __call__(self, batch: Any) -> Tensor:
        """Take a step on ``batch`` and return its loss."""
        shapes = [tensor.shape for tensor in batch]
        if self._captured is not None and shapes == self._shapes:
            return self._captured.replay(batch)
        if self._captured is not None or self._refused:
            return self._take_step(batch)
        self._repeated = self._repeated + 1 if shapes == self._shapes else 1
        self._shapes = shapes
        if self._repeated <= _STEPS_BEFORE:
            return self._on_a_side_stream(batch)
        self._capture(batch)
        return self._take_step(batch) if self._captured is None else self._captured.replay(batch)

    def _capture(self, batch: Any) -> None:
        stream, reason = torch.cuda.current_stream(), ""
        try:
            self._captured = _Captured(self._take_step, batch)
        except RuntimeError as error:
            self._refused, reason = True, first_line(error)
        # Outside the handler, because the exception keeps the memory of the capture alive.
        if self._refused:
            # A capture that fails leaves its own stream as the current one.
            torch.cuda.set_stream(stream)
            torch.cuda.empty_cache()
            log.info("steps are not replayed as a CUDA graph: %s", reason)

    def _on_a_side_stream(self, batch: Any) -> Tensor:
        """Take an ordinary step, not on the default stream, which cannot be captured."""
        self._side_stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._side_stream):
            loss = self._take_step(batch)
        torch.cuda.current_stream().wait_stream(self._side_stream)
        return loss


class _Captured:
    """A captured step with its own copy of the batch."""

    def __init__(self, take_step: Callable[[Any], Tensor], batch: Any) -> None:
        self._batch = type(batch)(*(tensor.clone() for tensor in batch))
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._loss = take_step(self._batch)

    def replay(self, batch: Any) -> Tensor:
        """Take the step on ``batch``, whose shape is that of the captured one."""
        for mine, other in zip(self._batch, batch, strict=True):
            mine.copy_(other)
        self._graph.replay()
        # The next replay overwrites the loss.
        return self._loss.clone()
