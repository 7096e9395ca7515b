"""Kinds of documented values: words that a key accepts, and words that it refuses."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

Value: TypeAlias = "int | float | bool | str | list[int] | None"
NO_NUMBER = (
    "abc",
    "true",
    "[1]",
    "[]",
    "{a:1}",
    "''",
    "1,5",
    "0x1F",
    "1e",
    "--1",
    "é",
    "1 2",
    "???",
)
NO_WHOLE = (*NO_NUMBER, "1.5", "1.0", "1e3", "nan", "inf", "-inf", "1e999", "9" * 30, "9" * 400)
NO_REAL = (*NO_NUMBER, "nan", "inf", "-inf", "1e999", "-1e999", "9" * 400)
NO_SWITCH = (
    "maybe",
    "2",
    "-1",
    "7",
    "1.5",
    "[true]",
    "{a:true}",
    "null",
    "''",
    "nan",
    "tru",
    "???",
)
NO_TEXT = ("[a]", "[]", "???")


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number in a closed interval."""

    low: int
    high: int = 2**63 - 1
    null: bool = False

    def right(self, rng: random.Random) -> tuple[str, Value]:
        """An accepted word and its value."""
        if self.null and rng.random() < 0.2:
            return "null", None
        near = min(self.high, self.low + rng.choice([0, 1, 7, 10**4]))
        value = rng.choice([near, self.high, self.low])
        return str(value), value

    def wrong(self, rng: random.Random) -> str:
        """A refused word."""
        outside = [str(self.low - 1), str(-(10**12)), str(self.high + 1)]
        return rng.choice([*NO_WHOLE, *outside, *outside, *([] if self.null else ["null"])])


@dataclass(frozen=True, slots=True)
class Real:
    """A finite number in an interval that may be open at either end."""

    low: float
    high: float
    open_low: bool = False
    open_high: bool = False
    null: bool = False

    def right(self, rng: random.Random) -> tuple[str, Value]:
        """An accepted word and its value."""
        if self.null and rng.random() < 0.2:
            return "null", None
        inside = self.low + (self.high - self.low) * rng.choice([0.5, 0.25, 0.99, rng.random()])
        inside = self.high / 2 if self.high > 1e200 else inside
        inside = self.high / 2 if self.open_low and inside == self.low else inside
        value = inside if self.open_high else rng.choice([inside, self.high])
        return repr(value), value

    def wrong(self, rng: random.Random) -> str:
        """A refused word."""
        outside = [] if self.low <= -1e300 else [repr(self.low - 0.001), "-1e300"]
        outside += [repr(self.low)] if self.open_low else []
        outside += ["1e300", repr(self.high * 1.001)] if self.high < 1e200 else []
        outside += [repr(self.high)] if self.open_high else []
        return rng.choice([*NO_REAL, *outside, *outside, *([] if self.null else ["null"])])


@dataclass(frozen=True, slots=True)
class Switch:
    """True or false."""

    def right(self, rng: random.Random) -> tuple[str, Value]:
        """An accepted word and its value."""
        value = rng.random() < 0.5
        return rng.choice([str(value), str(value).lower()]), value

    def wrong(self, rng: random.Random) -> str:
        """A refused word."""
        return rng.choice(NO_SWITCH)


@dataclass(frozen=True, slots=True)
class One:
    """One of some words."""

    words: Sequence[str]
    null: bool = False

    def right(self, rng: random.Random) -> tuple[str, Value]:
        """An accepted word and its value."""
        if self.null and rng.random() < 0.2:
            return "null", None
        word = rng.choice(self.words)
        return word, word

    def wrong(self, rng: random.Random) -> str:
        """A refused word."""
        word = rng.choice(self.words)
        changed = [word.upper(), f"{word}x", word[:-1], "abc", "1", "''", f"[{word}]", "nan"]
        return rng.choice([*changed, *([] if self.null else ["null"])])


@dataclass(frozen=True, slots=True)
class Text:
    """A text that is not empty; printable, quoted for Hydra."""

    def right(self, rng: random.Random) -> tuple[str, Value]:
        """An accepted word and its value."""
        value = "".join(rng.choices("abcXYZ 019_-.,:;!?#%&/=é漢😀()[]{}<>|~*+@^'\"`", k=12))
        value = value.replace("..", ".-")  # not a path out of a folder
        value = f"a{value}z"
        escaped = value.replace("'", "\\'")
        return f"'{escaped}'", value

    def wrong(self, rng: random.Random) -> str:
        """A refused word."""
        return rng.choice([*NO_TEXT, "null", "''", ""])


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """A list of at least one whole number from 1, without repeats."""

    def right(self, rng: random.Random) -> tuple[str, Value]:
        """An accepted word and its value."""
        values = rng.sample(range(1, 1000), k=rng.randint(1, 5))
        return f"[{','.join(map(str, values))}]", values

    def wrong(self, rng: random.Random) -> str:
        """A refused word."""
        lists = ["[]", "[0]", "[-5,5]", "[5,5]", "[1.5]", "[a]", "[null]", "[[5]]", "[true]"]
        return rng.choice([*lists, f"[{10**30}]", "5", "abc", "null", "{a:1}", "''", "nan"])


Kind: TypeAlias = Whole | Real | Switch | One | Text | Cutoffs
