"""Random command lines: a wrong one is refused in one line, a right one takes effect."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path

from builders import TINY, TINY_DATA
from campaign import REFUSED, RIGHT, Case
from command import Called, call, can_be_passed, sometimes
from omegaconf import OmegaConf
from override_kinds import Kind
from override_truth import DEFAULTS, EVERYWHERE, IN_OPTION, keys_with
from override_words import misspelt, odd_word

CODES = (0, 2, 3)
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
FOREIGN = re.compile(
    r"(List|Dict|Any)(Config|Node)|Hydra(Exc|Conf)|Config(Key|Attr|Comp)|not Optional|converted to"
)
"""Words of the errors of Hydra and OmegaConf."""
OTHERS = {
    "evaluate": ["run", "part", "evaluation.ks", "evaluation.ties", "output_dir", "device", "seed"],
    "recommend": ["users", "items", "k", "seen", "cold", "device", "num_threads", "output_dir"],
    "reproduce": ["trainer.epochs", "trainer.learning_rate", "device", "output_dir", "model"],
    "data inspect": ["plot_dir", "split", "sampler", "sampler.by", "split.valid", "seed"],
    "completion": ["bash", "zsh", "fish"],
}
"""Commands, and their keys, which get arbitrary values."""


def overrides(folder: Path) -> Case:
    """Train one tiny run for the commands that need one."""
    called = call(["train", *TINY])
    assert called.code == 0, called
    run = called.out.splitlines()[-1]

    def case(rng: random.Random) -> str:
        draw = rng.random()
        if draw < 0.2:
            return unknown_key(rng)
        if draw < 0.5:
            return wrong_value(rng)
        if draw < 0.65:
            return right_value(rng)
        if draw < 0.85:
            return odd_train(rng)
        return odd_other(rng, run)

    return case


def unknown_key(rng: random.Random) -> str:
    """An unknown key: exit code 2, and the error names it."""
    option = rng.choice(list(IN_OPTION))
    known = _all_keys(keys_with(option))
    elsewhere = {key for keys in IN_OPTION.values() for key in keys} - known
    key = rng.choice(sorted(known))
    while key in known or not IDENTIFIER.fullmatch(key) or key.split(".")[0] == "hydra":
        near = misspelt(rng, rng.choice(sorted(known)))
        key = rng.choice([near, near, f"{near}.x", rng.choice(sorted(elsewhere) or [near])])
    prefix, value = rng.choice(["", "", "+", "++"]), rng.choice(["1", "abc", "null", "[1]"])
    called = _compose(rng, option, f"{prefix}{key}={value}")
    assert called.code == 2, f"the key {key} is unknown: {called}"
    # Below an unknown node the error names the node.
    parts = key.split(".")
    above = [".".join(parts[: length + 1]) for length in range(len(parts))]
    first_unknown = next(node for node in above if node not in known)
    named = {first_unknown, first_unknown.removesuffix(".x")}
    assert any(name in called.error() for name in named), f"{key} is not named: {called}"
    return REFUSED


def wrong_value(rng: random.Random) -> str:
    """A value of a wrong type or out of range: exit code 2, and the error names its key."""
    option = rng.choice(list(IN_OPTION))
    keys = keys_with(option)
    key = _choose(rng, option, keys)
    called = _compose(rng, option, f"{rng.choice(['', '', '', '++'])}{key}={keys[key].wrong(rng)}")
    assert called.code == 2, f"the value of {key} is wrong: {called}"
    assert key in called.error(), f"{key} is not named: {called}"
    assert not FOREIGN.search(called.error()), f"the text of a library: {called}"
    return REFUSED


def right_value(rng: random.Random) -> str:
    """Valid values: exit code 0, and the printed configuration contains them."""
    option = rng.choice(list(IN_OPTION))
    keys = keys_with(option)
    key = _choose(rng, option, keys)
    word, value = keys[key].right(rng)
    extra = ["split.folds=5"] if key == "split.fold" else []
    extra += ["split.min_interactions=3"] if key == "split.valid" else []
    extra += ["model.init=normal"] if key == "model.init_std" else []
    extra += ["split.valid=1"] if key == "split.min_interactions" else []
    called = _print(rng, option, *extra, f"{key}={word}")
    assert called.code == 0, f"a right value of {key} is refused: {called}"
    assert not called.err, f"a message about a right value: {called}"
    printed = OmegaConf.select(OmegaConf.create(called.out), key)
    if OmegaConf.is_config(printed):
        printed = OmegaConf.to_object(printed)
    same = printed == value and isinstance(printed, bool) == isinstance(value, bool)
    assert same, f"{key} is {printed!r} and not {value!r}: {called}"
    return RIGHT


def odd_train(rng: random.Random) -> str:
    """Arbitrary words: a documented exit code, and one line."""
    keys = [*_all_keys(keys_with(rng.choice(list(IN_OPTION)))), "model", "trainer", "experiment"]
    words = [odd_word(rng, keys) for _ in range(rng.choice([1, 1, 1, 2, 3]))]
    return _judged(rng, _composing(rng, words))


def odd_other(rng: random.Random, run: str) -> str:
    """The other commands, with their own words and odd ones."""
    command = rng.choice(list(OTHERS))
    keys = OTHERS[command]
    words = [odd_word(rng, keys) for _ in range(rng.choice([0, 1, 1, 2]))]
    if command in ("evaluate", "recommend", "reproduce"):
        words.insert(0, run if sometimes(rng, 0.9) else rng.choice(["latest", "nowhere", "", run]))
    if command == "data inspect":
        words += TINY_DATA
    if command == "completion" and sometimes(rng, 0.5):
        words.append(rng.choice(keys))
    return _judged(rng, [*command.split(), *words])


def _judged(rng: random.Random, words: list[str]) -> str:
    called = call(words, own_process=sometimes(rng, 0.03) and can_be_passed(words))
    assert called.code in CODES, f"an undocumented exit code: {called}"
    if called.code:
        assert not FOREIGN.search(called.error()), f"the text of a library: {called}"
        return REFUSED
    return "accepted"


def _compose(rng: random.Random, option: str, *words: str) -> Called:
    """Words that must be refused before any data is read."""
    line = _composing(rng, _shuffled(rng, option, words))
    return call(line, own_process=sometimes(rng, 0.03) and can_be_passed(line))


def _print(rng: random.Random, option: str, *words: str) -> Called:
    line = ["train", *_shuffled(rng, option, words), "--cfg", "job"]
    return call(line, own_process=sometimes(rng, 0.03) and can_be_passed(line))


def _composing(rng: random.Random, words: list[str]) -> list[str]:
    """Compose the words with a command that prints them, or as a run does."""
    if sometimes(rng, 0.5):
        return ["train", *words, "--cfg", "job"]
    return ["data", "inspect", *words]


def _shuffled(rng: random.Random, option: str, words: Sequence[str]) -> list[str]:
    shuffled = [option, *words] if option not in DEFAULTS else list(words)
    if sometimes(rng, 0.5):
        shuffled.reverse()
    return shuffled


def _choose(rng: random.Random, option: str, keys: dict[str, Kind]) -> str:
    own = list(IN_OPTION[option])
    return rng.choice(own if own and sometimes(rng, 0.6) else list(keys))


def _all_keys(keys: dict[str, Kind]) -> set[str]:
    """The keys with the nodes above them, the groups and the keys outside the tables."""
    nodes = {key.rpartition(".")[0] for key in keys} | {"dataset.prefilter", "experiment"}
    groups = {"dataset", "split", "model", "sampler", "loss", "trainer", "evaluation"}
    names = {f"{group}.name" for group in groups}
    return {*keys, *nodes, *groups, *names, *EVERYWHERE} - {""}
