"""The report of ``graphrec plan`` as text, at most 80 columns wide."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from graphrec_cli.reporting.tables import text_table
from graphrec_cli.terminal_text import counted

WIDTH = 80


def plan_report(report: Mapping[str, Any]) -> str:
    """Format the report of ``plan_run``, without a newline at the end."""
    paragraphs = (
        *_sizes(report),
        *_memory(report["memory"]),
        *_time(report),
        *_ranks(report),
        *_gpu(report["gpu"]),
        *_dead(report["dead"]),
    )
    return "\n\n".join(paragraphs)


def _sizes(report: Mapping[str, Any]) -> Iterator[str]:
    sizes = report["sizes"]
    loss = "" if report["loss"] is None else f" with loss={report['loss']}"
    yield (
        f"model={report['model']}{loss} on {report['dataset']}: "
        f"{counted(sizes['users'], 'user')}, {counted(sizes['items'], 'item')}"
    )
    rows = [[f"{part} pairs", f"{sizes[f'{part}_pairs']:,}"] for part in ("train", "valid", "test")]
    rows += [
        ["items to rank", f"{sizes['catalog']:,}"],
        ["entries of the graph, both directions", f"{sizes['adjacency_entries']:,}"],
    ]
    if sizes["epochs"]:
        rows += [
            ["examples of a step", f"{sizes['batch']:,}"],
            ["steps of an epoch", f"{sizes['steps_per_epoch']:,}"],
            ["epochs, at most", f"{sizes['epochs']:,}"],
        ]
    yield text_table(["size", "number"], rows)


def _memory(memory: Mapping[str, Any]) -> Iterator[str]:
    yield _memory_table("memory", memory)
    if memory["preparation"] >= memory["peak"]:
        yield "The peak is that of the preparation of the data."
    if memory["gpu"] is not None:
        yield _memory_table("memory on the GPU", memory["gpu"])


def _memory_table(title: str, memory: Mapping[str, Any]) -> str:
    largest = max(memory["passing"].values(), default=0)
    rows = [[name, _megabytes(size)] for name, size in memory["held"].items()]
    rows += [
        [f"{'and' if size == largest else 'or'} for a while: {name}", _megabytes(size)]
        for name, size in sorted(memory["passing"].items(), key=lambda stage: -stage[1])
    ]
    rows += [["peak", _megabytes(memory["peak"])], ["free", _megabytes(memory["free"])]]
    return text_table([title, "MB"], rows)


def _time(report: Mapping[str, Any]) -> Iterator[str]:
    times, sizes = report["time"], report["sizes"]
    if times is None:
        yield _wrapped(f"no time is given: {report['not_timed']}")
        return
    rows = []
    if times["step"] is not None:
        rows += [
            ["training step", _seconds(times["step"])],
            ["of it, sampling", _seconds(times["sampling"])],
            [f"epoch of {counted(sizes['steps_per_epoch'], 'step')}", _seconds(times["epoch"])],
        ]
    for name in ("validation", "test"):
        if times[name] is not None:
            rows.append([f"{name}, once", _seconds(times[name])])
    rows.append(["preparation of the data", _seconds(times["preparation"])])
    if times["step"] is not None:
        epochs, validations = sizes["epochs"], sizes["validations"]
        rows.append([f"training of {counted(epochs, 'epoch')}", _seconds(times["training"])])
        rows.append([counted(validations, "validation"), _seconds(times["validations"])])
    rows += [
        ["evaluation at the end", _seconds(times["final"])],
        ["all, at most", _seconds(times["total"])],
    ]
    threads = counted(report["num_threads"], "thread")
    where = f"this machine's GPU and {threads}" if report["device"] == "cuda" else threads
    yield text_table([f"time with {where}", "seconds"], rows)
    yield _not_included(report)


def _not_included(report: Mapping[str, Any]) -> str:
    left_out = ["the start of the program", "checkpoints", "plots"]
    compared = report["floor"]["compared"]
    if compared:
        left_out.append(f"the comparison with {', '.join(compared)} (half a minute each at most)")
    text = f"Not included: {', '.join(left_out)}."
    if report["time"]["step"] is not None:
        text = f"Steps were timed {report['time']['steps_timed']:,} times. {text}"
    if report["floor"]["left_out"]:
        text += (
            f" Not compared with {', '.join(report['floor']['left_out'])}, which takes long on "
            "data of this size."
        )
    return _wrapped(text)


def _ranks(report: Mapping[str, Any]) -> Iterator[str]:
    plan = report["ranks"]
    if plan is None:
        return
    rows = [
        ["training step, seconds", plan["step"]],
        ["evaluation, seconds", plan["evaluation"]],
        ["all steps and validations, seconds", plan["total"]],
    ]
    rows = [[name, "-" if seconds is None else _seconds(seconds)] for name, seconds in rows]
    rows += [
        ["sent in a step, MB", _megabytes(plan["sent_a_step"])],
        ["embeddings, Adam, graph and sampler of a process, MB", _megabytes(plan["held"])],
    ]
    title = f"{plan['ranks']} processes, {plan['bandwidth']:g} GB/s between them"
    yield text_table([title, "each"], rows)


def _gpu(plan: Mapping[str, Any] | None) -> Iterator[str]:
    if plan is None:
        return
    rows = [
        ["training step, if its caches hold the embeddings", _seconds(plan["step_low"])],
        ["training step, if they hold none", _seconds(plan["step_high"])],
        ["of both, the start of kernels", _seconds(plan["launch"])],
        ["evaluation, roughly", _seconds(plan["evaluation"])],
        ["all steps and validations, at most", _seconds(plan["total"])],
    ]
    yield text_table([f"a GPU with {plan['bandwidth']:g} GB/s", "seconds"], rows)
    yield f"The memory of the GPU has to hold {_megabytes(plan['peak'])} MB."


def _dead(lines: list[str]) -> Iterator[str]:
    if lines:
        yield "\n".join(["settings that cannot act:", *(_wrapped(f"- {line}") for line in lines)])


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f}"


def _seconds(seconds: float) -> str:
    return f"{seconds:,.4f}" if seconds < 1 else f"{seconds:,.1f}"


def _wrapped(text: str) -> str:
    indent = "  " if text.startswith("- ") else ""
    return textwrap.fill(
        text, WIDTH, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )
