"""``graphrec serve``: answer requests for recommendations over HTTP."""

from __future__ import annotations

import json
from importlib.util import find_spec

from graphrec_cli.commands import recommend
from graphrec_cli.commands.run_arguments import sort_run_words, whole_number
from graphrec_cli.errors import ConfigError
from graphrec_cli.serving.limits import Limits

HELP = """\
Answer requests for recommendations of one run over HTTP, as JSON. The first
line on stdout is the address. Needs the extra 'serve'.

Examples:
  graphrec serve latest
  graphrec serve latest port=0              on a free port
  graphrec serve latest watch=60            load newer runs when they are there
  graphrec serve outputs/RUN num_threads=1 max_k=100

Requests:
  GET  /recommend?user=17&k=10&seen=exclude   items for a user of the run
  POST /recommend {"items": ["42"], "k": 10}  items for a new user
  POST /recommend {"users": ["17", "42"]}     items for several users
  GET  /similar?item=42&k=10                  items similar to an item
  GET  /health                                which run answers
  GET  /openapi.json                          these requests in OpenAPI 3.1

Keys:
  host=127.0.0.1           the address to listen on; nobody has to log in
  port=8000                0 takes a free one
  watch=SECONDS            with latest: how often to look for a newer run
  max_k=1000               largest k of a request
  max_body=65536           bytes of a request's body
  max_waiting=64           requests that may wait for their lists; more get 503
  model.similarity, model.item_norm_power
                           how embeddings are compared
  device, num_threads      as in train
  output_dir=DIR           where 'latest' looks

SIGHUP loads the run again, or the newest one for latest. Ctrl-C and SIGTERM
finish the requests in progress and end with exit code 0, once it serves.
"""

DEFAULT_PORT = 8_000
_RANGES = {
    "port": (0, 65_535),
    "watch": (1, 86_400),
    "max_k": (1, 50_000),
    "max_body": (64, 2**20),
    "max_waiting": (1, 200),
}
"""Least and most of the keys that are numbers."""
OWN = ("host", *_RANGES)
"""Keys of this command that no config has."""
PACKAGES = ("starlette", "uvicorn")
"""The packages of the extra ``serve``."""


def serve_command(words: list[str], *, json_output: bool, debug: bool) -> int:
    """Serve until a signal, after printing the address.

    Raises:
        GraphrecError: wrong usage, an address that cannot be used, or a run that cannot be loaded.
    """
    given = sort_run_words("serve", words, own=OWN, overridable=recommend.OVERRIDABLE)
    host = given.own.get("host", "127.0.0.1")
    if not host:
        raise ConfigError("host is empty; use 127.0.0.1, or 0.0.0.0 for all addresses")
    numbers = {
        key: whole_number(key, given.own[key], least, most)
        for key, (least, most) in _RANGES.items()
        if key in given.own
    }
    if "watch" in numbers and given.run != "latest":
        raise ConfigError("watch has no effect without latest; remove it, and send SIGHUP")
    _refuse_missing_packages()

    from graphrec_cli.workflows.serve import ServeRequest, serve_run  # imports torch

    def announce(address: str) -> None:
        print(json.dumps({"address": address}) if json_output else address, flush=True)

    limits = {key: numbers[key] for key in numbers if key.startswith("max_")}
    request = ServeRequest(
        run=given.run,
        output_dir=given.output_dir,
        overrides=given.overrides,
        host=host,
        port=numbers.get("port", DEFAULT_PORT),
        watch=numbers.get("watch"),
        limits=Limits(**limits),
        debug=debug,
    )
    serve_run(request, announce)
    return 0


def _refuse_missing_packages() -> None:
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"serve needs {' and '.join(missing)}; install the extra with pip install "
            "'graphrec-cli[serve]'"
        )
