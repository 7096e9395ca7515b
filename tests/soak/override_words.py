"""Random ``key=value`` words: misspelt, hostile or odd."""

from __future__ import annotations

import random
import string
from collections.abc import Sequence

ODD_KEYS = (
    "",
    " ",
    ".",
    "..",
    "/",
    "=",
    "trainer.",
    ".trainer",
    "trainer..epochs",
    "trainer.epochs.more",
    "trainer/epochs",
    "trainer[epochs]",
    "trainer@here",
    "trainer@_global_",
    "dataset@split",
    "evaluation.ks[0]",
    "evaluation.ks.0",
    "_target_",
    "trainer._target_",
    "model._partial_",
    "defaults",
    "trainer.defaults",
    "experiment",
    "hydra",
    "hydra.run.dir",
    "hydra.job.chdir",
    "hydra.verbose",
    "hydra.searchpath",
    "hydra.mode",
    "hydra/launcher",
    "hydra/job_logging",
    "hydra.sweeper.params",
    "hydra.launcher._target_",
    "schema/run",
    "schema",
    "é",
    "漢字",
    "😀",
    "a\u202eb",
    "$seed",
    "${seed}",
    "'seed'",
    '"seed"',
    "seed seed",
    "se\ned",
    "se\ted",
    "se\x1b[31med",
    "\x00",
    "__class__",
    "trainer.__init__",
    "trainer.__dict__.x",
    "a" * 10_000,
    ".".join("a" * 500),
    "-seed",
    "--seed",
    "*",
    "null",
    "1",
)
ODD_VALUES = (
    "",
    " ",
    "null",
    "None",
    "~",
    "???",
    "true",
    "False",
    "0",
    "-0",
    "-1",
    "1.0",
    "1_000",
    "0x10",
    "1e5",
    "1e999",
    "-1e999",
    "nan",
    "NaN",
    "inf",
    "-.inf",
    "9" * 19,
    "9" * 400,
    "9" * 5_000,
    "1" + "0" * 308 + ".5",
    "[]",
    "[1,2",
    "[[[[[]]]]]",
    "[" * 200,
    "[" * 50 + "]" * 50,
    "{}",
    "{a:1}",
    "{a:{b:{c:[1,{d:2}]}}}",
    "{_target_:os.system}",
    "{1:2,1:3}",
    "1,2,3",
    "'",
    '"',
    "'a",
    'a"b',
    "'a\\'",
    "\\",
    "\\\\",
    "$",
    "glob(*)",
    "choice(1,2)",
    "choice()",
    "range(1,5)",
    "range(1,5,0)",
    "range(0,100000000)",
    "interval(0,1)",
    "sort(3,1,2)",
    "shuffle(1,2)",
    "tag(a,1)",
    "int(a)",
    "int(1.5)",
    "float(x)",
    "str([1])",
    "bool(7)",
    "json_str({a:1})",
    "extend_list(1)",
    "f(x)",
    "a b",
    "a=b",
    "a:b",
    "a\nb",
    "a\rb",
    "a\tb",
    "a\x07b",
    "'a\x1b[2Jb'",
    "'a\u2028b'",
    "'a\u202eb'",
    "\x00",
    "\x7f",
    "é",
    "😀" * 50,
    "\udcff",
    "'\udc80'",
    "x" * 10_000,
    "'" + "x" * 10_000 + "'",
    "`id`",
    "$(id)",
    "; rm",
    "%s%n",
    "{0}",
    "a/../x",
    "a/b",
    "default",
    "synthetic",
    "!!python/object:os.system",
    "&a",
    "*a",
    "#",
    "@",
)

INTERPOLATIONS = (
    "${oc.env:HOME}",
    "${oc.env:NO_SUCH_VARIABLE_HERE}",
    "${oc.decode:'[1'}",
    "${oc.create:{a:1}}",
    "${nothing}",
    "${seed}",
    "${",
    "${}",
    "${.}",
    "${..}",
    "${a:b:c}",
    "${hydra:runtime.cwd}",
    "${now:%Y}",
    "${${seed}}",
)
"""References to other values: Hydra and OmegaConf resolve them late, and so fail late."""


def odd_word(rng: random.Random, keys: Sequence[str]) -> str:
    """Any word; it may be valid or not, but must not break anything."""
    key = rng.choice(ODD_KEYS) if rng.random() < 0.4 else rng.choice(keys)
    if rng.random() < 0.1:
        key = misspelt(rng, key)
    draw = rng.random()
    value = rng.choice(INTERPOLATIONS if draw < 0.2 else ODD_VALUES) if draw < 0.8 else _soup(rng)
    prefix = rng.choice(["", "", "", "", "+", "++", "~", "+++", "-", "--", "@"])
    return prefix + key + rng.choice(["=", "=", "=", "=", "=", "", "==", "=="]) + value


def misspelt(rng: random.Random, key: str) -> str:
    """The key with one to three letters changed, removed, inserted or exchanged."""
    letters = list(key)
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(letters)) if letters else 0
        other = rng.choice(string.ascii_lowercase + string.digits + "_")
        way = rng.randrange(4) if letters else 1
        if way == 0:
            letters[place] = other
        elif way == 1:
            letters.insert(place, other)
        elif way == 2:
            del letters[place]
        else:
            after = min(place + 1, len(letters) - 1)
            letters[place], letters[after] = letters[after], letters[place]
    return "".join(letters)


def _soup(rng: random.Random) -> str:
    alphabet = "[]{}:,'\"${}()\\ 1a.=+-~*@!|é\t"
    return "".join(rng.choices(alphabet, k=rng.choice([1, 3, 8, 40])))
