"""``logger=tensorboard``: event files in the folder ``tensorboard`` of the run directory."""

from __future__ import annotations

import numpy as np
from PIL import Image
from torch.utils.tensorboard import SummaryWriter
from torch.utils.tensorboard.summary import hparams

from graphrec_cli.storage.bounded_json import refuse_links_out
from graphrec_cli.tracking.tracker import EpochValues, RunEnd, RunStart

_FOLDER = "tensorboard"


class TensorBoardTracker:
    """Writes scalars, hyperparameters and pictures; files of the run have no place there."""

    def __init__(self, start: RunStart) -> None:
        self._start = start
        self._writer: SummaryWriter | None = None

    def begin(self) -> None:
        """Refuse a folder that leads elsewhere; it is made with the first epoch."""
        folder = self._start.run.path / _FOLDER
        refuse_links_out(self._start.run.path, [folder, *folder.glob("*")])

    def log(self, epochs: list[EpochValues]) -> None:
        """Record the values of each epoch as scalars."""
        writer = self._open(epochs[0].epoch)
        for each in epochs:
            for name, value in each.values.items():
                writer.add_scalar(name, value, each.epoch, walltime=each.time)
        writer.flush()

    def finish(self, end: RunEnd) -> None:
        """Record final figures and pictures, unless the run has ended before there was anything."""
        if self._writer is None and not end.figures:
            return
        writer = self._open(end.epoch + 1)
        for name, value in end.figures.items():
            writer.add_scalar(name, value, end.epoch)
        for picture in end.pictures:
            with Image.open(picture) as image:
                pixels = np.asarray(image.convert("RGB"))
            writer.add_image(f"plots/{picture.stem}", pixels, end.epoch, dataformats="HWC")
        writer.close()

    def _open(self, first: int) -> SummaryWriter:
        """The writer; that of a resumed run replaces what is there from its ``first`` epoch on."""
        if self._writer is not None:
            return self._writer
        start = self._start
        self._writer = SummaryWriter(
            str(start.run.path / _FOLDER), purge_step=first if start.resumed else None
        )
        params = {key: "null" if value is None else value for key, value in start.params.items()}
        for summary in hparams(params, {})[:2]:
            self._writer.file_writer.add_summary(summary)
        return self._writer
