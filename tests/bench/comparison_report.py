"""The results of the comparison, kept as JSON between runs and written as Markdown tables."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from comparison_results import (
    EVALUATION,
    FILES,
    FROM_CACHE,
    MEASURES,
    MEMORY,
    SAMPLING,
    STEP,
    Results,
)
from contender import BATCH_SIZE, DIM, L2, LEARNING_RATE, NUM_LAYERS, TOP_K
from contenders import ENTRIES, OURS
from measure import at_least, ratios, spread

HEADINGS = ("contender", "its figure", "graphrec in the same turns", "ratio", "target", "reached")
TITLES = {
    STEP: f"Training step: forward, backward and optimizer, {BATCH_SIZE:,} triples given",
    SAMPLING: f"Sampling: a batch of {BATCH_SIZE:,} triples",
    EVALUATION: f"Evaluation: recall@{TOP_K} and ndcg@{TOP_K} of all test users, full catalog",
    FILES: "From the files to the first training step, a whole process",
    MEMORY: "Peak memory: preparation, training steps and an evaluation",
}
TARGETS = {STEP: 5.0, SAMPLING: 20.0, EVALUATION: 10.0}
"""How many times as fast as each contender graphrec is to be."""


@dataclass(slots=True)
class Section:
    """One data set's results, of one or more commands.

    Attributes:
        data: its name and sizes.
        machine: the machine of the measurements.
        commands: the one behind each measure.
    """

    data: str
    machine: str
    commands: dict[str, str] = field(default_factory=dict)
    results: Results = field(default_factory=Results)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Section:
        """The inverse of ``dataclasses.asdict``."""
        return cls(**{**values, "results": Results(**values["results"])})


def merge(path: Path, name: str, new: Section) -> dict[str, Section]:
    """Add these results to those of earlier commands in ``path``.

    A repeated measure replaces the earlier one.
    """
    kept: dict[str, Section] = {}
    if path.is_file():
        stored = json.loads(path.read_text(encoding="utf-8"))
        kept = {data: Section.from_dict(values) for data, values in stored.items()}
    old = kept.get(name)
    if old is not None and old.machine == new.machine and old.data == new.data:
        new.commands = old.commands | new.commands
        results, earlier = new.results, old.results
        results.values = earlier.values | results.values
        results.profiles = earlier.profiles | results.profiles
        results.versions = earlier.versions | results.versions
        results.notes = earlier.notes | results.notes
    kept[name] = new
    path.parent.mkdir(parents=True, exist_ok=True)
    sections = {data: asdict(section) for data, section in kept.items()}
    path.write_text(json.dumps(sections, indent=1), encoding="utf-8")
    return kept


def write_between_markers(path: Path, text: str, *, name: str = "compare") -> None:
    """Replace the text between the markers ``name`` of a document.

    Raises:
        ValueError: the document does not have both markers in order.
    """
    first, last = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, begin, rest = path.read_text(encoding="utf-8").partition(first)
    _, end, after = rest.partition(last)
    if not (begin and end):
        raise ValueError(f"{path} has no place for the tables: {first} and, below it, {last}")
    path.write_text(f"{before}{first}\n\n{text}\n\n{last}{after}", encoding="utf-8")


def markdown(section: Section) -> str:
    """The section of one data set."""
    results = section.results
    blocks = [f"### {section.data}", section.machine, hyperparameters()]
    commands = dict.fromkeys(section.commands.values())
    blocks.append("```\n" + "\n".join(commands) + "\n```")
    for measure in MEASURES:
        if measure in results.values:
            blocks.append(f"**{TITLES[measure]}**")
            blocks.append(table(measure, results))
    if results.profiles:
        blocks.append("**Where the time of a training step goes**, by torch's profiler")
        blocks.append(profile_table(results))
    if results.failures:
        blocks.append("**Not measured**")
        blocks.append(
            "\n".join(f"- {title(name)}: `{why}`" for name, why in results.failures.items())
        )
    blocks.append(about_contenders(results))
    return "\n\n".join(blocks)


def hyperparameters() -> str:
    """The lines that all sections share."""
    return (
        f"LightGCN of {NUM_LAYERS} layers and {DIM} columns, BPR with l2 {L2:g}, Adam at "
        f"{LEARNING_RATE:g}, batches of {BATCH_SIZE:,}, float32. Medians stand before "
        "(lowest-highest). A ratio is the contender's figure over graphrec's of the same turn."
    )


def table(measure: str, results: Results) -> str:
    """A row for every contender of a measure, graphrec first."""
    values = results.values[measure]
    ours = values[OURS]
    lines = [HEADINGS, ("---",) * len(HEADINGS)]
    lines.append(("graphrec", figure(measure, ours), "", "", "", ""))
    for name, theirs in values.items():
        if name == OURS:
            continue
        ratio = ratios(theirs, ours)
        target = target_of(measure, name)
        lines.append(
            (
                title(name, measure),
                figure(measure, theirs),
                figure(measure, ours),
                spread(ratio, ".2f", "x"),
                "-" if target is None else f">= {target:g}x",
                "-" if target is None else at_least(ratio, target),
            )
        )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def profile_table(results: Results) -> str:
    """A row for every contender: the operations that take most of its step."""
    lines = ["| contender | operations, by their share of the step |", "| --- | --- |"]
    for name, shares in results.profiles.items():
        operations = ", ".join(f"`{key}` {share:.0%}" for key, share in shares.items())
        lines.append(f"| {title(name)} | {operations} |")
    return "\n".join(lines)


def target_of(measure: str, name: str) -> float | None:
    """The target ratio; None if a contender has no comparable part."""
    if measure == SAMPLING and not ENTRIES[name].has_sampler:
        return None
    return TARGETS.get(measure)


def title(name: str, measure: str | None = None) -> str:
    """A contender's name, with a remark on its figure."""
    if name == FROM_CACHE:
        return name
    entry = ENTRIES[name]
    if measure == SAMPLING and not entry.has_sampler:
        return f"{entry.title} (no sampler of its own: its example's lines)"
    if measure == EVALUATION and entry.evaluated_users is not None:
        return f"{entry.title} (timed on {entry.evaluated_users:,} users, scaled to all)"
    return entry.title


def figure(measure: str, values: Sequence[float]) -> str:
    """Median and extremes in a unit that suits the measure."""
    if measure == MEMORY:
        return f"{values[0] / 1e9:.2f} GB"
    if measure in (STEP, SAMPLING):
        form = ".1f" if measure == STEP else ".2f"
        return spread([1e3 * value for value in values], form, " ms")
    return spread(values, ".2f", " s")


def about_contenders(results: Results) -> str:
    """Versions and remarks, one line each."""
    lines = []
    for name, versions in results.versions.items():
        packages = ", ".join(f"{package} {version}" for package, version in versions.items())
        remarks = "".join(f"; {note}" for note in results.notes.get(name, []))
        lines.append(f"- {title(name)}: {packages}{remarks}")
    return "\n".join(lines)


def describe_machine(threads: int) -> str:
    """Cores, memory, kind of processor, Python and how busy the machine is, in words."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return (
        f"{cores} cores ({processor()}), {memory:.0f} GB of memory, {platform.system()}, "
        f"Python {platform.python_version()}, {threads} {'thread' if threads == 1 else 'threads'} "
        "for everybody."
    )


def processor() -> str:
    """The processor's model, or at least its family."""
    described = Path("/proc/cpuinfo")
    if described.is_file():
        for line in described.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()
