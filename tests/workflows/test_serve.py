"""Signals of ``graphrec serve`` before there is a server."""

from __future__ import annotations

import asyncio
import signal

import pytest

from graphrec_cli.errors import Interrupted

pytest.importorskip("starlette", reason="comes with the extra serve, which CI installs")
pytest.importorskip("uvicorn", reason="comes with the extra serve, which CI installs")

from graphrec_cli.workflows.serve import Reloads, Signals

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_the_first_load(number: signal.Signals, code: int) -> None:
    with pytest.raises(Interrupted) as interrupted:
        Signals(Reloads(None)).handle(number, None)
    assert interrupted.value.exit_code == code


def test_sighup_during_the_first_load_is_a_reload_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphrec_cli.workflows.serve._has_terminal", lambda: False)
    reloads, done = Reloads(None), []

    class Current:
        def reload(self) -> None:
            done.append("reload")

    Signals(reloads).handle(signal.SIGHUP, None)

    async def look() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reloads.keep_up(Current(), None), 0.3)  # type: ignore[arg-type]

    asyncio.run(look())
    assert done == ["reload"]
