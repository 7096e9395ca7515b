"""Find out whether Triton, which torch for CUDA on Linux brings, can run a kernel here."""

from __future__ import annotations

import logging
from functools import cache

import torch

from graphrec_cli.terminal_text import first_line

log = logging.getLogger("graphrec")


@cache
def triton_works() -> bool:
    """Whether a kernel runs on the CUDA device; if not, says once why.

    Triton compiles a kernel when it first runs, for which it needs a C compiler.
    """
    number = torch.zeros(1, device="cuda")
    try:
        # Imported here because torch for CPUs does not bring Triton.
        from graphrec_cli.system.triton_probe import add_one

        add_one(number)
        torch.cuda.synchronize()
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # Triton and the compilers that it calls raise many kinds
        log.warning(
            "Triton does not work here (%s: %s), so torch's slower kernels are used",
            type(error).__name__,
            first_line(error),
        )
        return False
    return True
