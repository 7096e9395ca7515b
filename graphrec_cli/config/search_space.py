"""The space of a search: which values its trials may have."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from graphrec_cli.config.keys import spell_value
from graphrec_cli.config.unknown import suggestion
from graphrec_cli.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Numbers:
    """A range of numbers.

    Attributes:
        low, high: both are included.
        whole: whole numbers only.
        log: drawn by their logarithm.
        step: distance between values; None for any number, and for 1 of whole ones.
    """

    low: float
    high: float
    whole: bool
    log: bool = False
    step: float | None = None

    def words(self) -> list[str]:
        """The smallest and the largest value, as after ``key=``."""
        return list(dict.fromkeys([self.spell(self.low), self.spell(self.high)]))

    def spell(self, value: float) -> str:
        """A value as written after ``key=``."""
        return str(int(value)) if self.whole else repr(float(value))


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values.

    Attributes:
        values: as written after ``key=``.
    """

    values: list[str]

    def words(self) -> list[str]:
        """All values."""
        return self.values


Values: TypeAlias = Numbers | Choice


@dataclass(frozen=True, slots=True)
class Dimension:
    """A key of the space.

    Attributes:
        key: full key, such as ``trainer.learning_rate``, or a group.
        values: what is drawn.
        when: values that earlier choices must have, or the key is left as it is.
    """

    key: str
    values: Values
    when: dict[str, list[str]] = field(default_factory=dict)

    def spell_given(self, value: object) -> str | None:
        """A value of the given configuration as it is drawn; None if it lies outside."""
        values = self.values
        if isinstance(values, Choice):
            text = spell_value(value)
            return text if text in values.values else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        inside = values.low <= value <= values.high and not (values.whole and value % 1)
        if inside and values.step is not None:
            steps = (value - values.low) / values.step
            inside = abs(steps - round(steps)) < 1e-9
        return values.spell(value) if inside else None

    def applies(self, drawn: Mapping[str, str]) -> bool:
        """Whether the key is drawn in a trial with these values."""
        return all(drawn.get(key) in values for key, values in self.when.items())


def read_space(content: Mapping[Any, Any], where: str) -> list[Dimension]:
    """Read and check a space.

    Args:
        content: key to ``{float: [LOWEST, HIGHEST], log: true}``, ``{int: ..., step: ...}`` or
            ``{choice: [...]}``, each with an optional ``when: {earlier choice: value}``.
        where: what an error says before the key.

    Raises:
        ConfigError: an entry cannot be read.
    """
    space = [_dimension(str(key), entry, where) for key, entry in content.items()]
    _check_conditions(space, where)
    return space


def _dimension(key: str, entry: object, where: str) -> Dimension:
    place = f"{where}.{key}"
    if not isinstance(entry, Mapping):
        raise ConfigError(f"{place} must be such as {{float: [0.001, 0.1], log: true}}")
    kinds = [kind for kind in ("int", "float", "choice") if kind in entry]
    known = ["int", "float", "choice", "log", "step", "when"]
    for name in entry:
        if name not in known:
            hint = suggestion(str(name), known)
            raise ConfigError(f"{place}: unknown key '{name}'{hint} (keys: {', '.join(known)})")
    if len(kinds) != 1:
        raise ConfigError(f"{place} needs one of int, float and choice")
    when = entry.get("when") or {}
    if not isinstance(when, Mapping):
        raise ConfigError(f"{place}.when must map earlier keys to values, such as {{loss: bpr}}")
    conditions = {str(other): _spelt(values) for other, values in when.items()}
    return Dimension(key, _values(kinds[0], entry, place), conditions)


def _spelt(values: object) -> list[str]:
    return [spell_value(value) for value in (values if isinstance(values, list) else [values])]


def _values(kind: str, entry: Mapping[str, Any], where: str) -> Values:
    given = entry[kind]
    if kind == "choice":
        if not isinstance(given, list) or len(given) < 2:
            raise ConfigError(f"{where}.choice must be a list of at least two values")
        if "log" in entry or "step" in entry:
            raise ConfigError(f"{where}: log and step are for int and float")
        return Choice([spell_value(value) for value in given])
    log, step = entry.get("log", False), entry.get("step")
    if not isinstance(log, bool):
        raise ConfigError(f"{where}.log must be true or false, got {log}")
    if not isinstance(given, list) or len(given) != 2:
        raise ConfigError(f"{where}.{kind} must be [LOWEST, HIGHEST]")
    return numbers(*given, whole=kind == "int", log=log, step=step, where=where)


def numbers(
    low: object, high: object, *, whole: bool, log: bool, step: object, where: str
) -> Numbers:
    """Check a range.

    Raises:
        ConfigError: it has no number, or only one, or cannot be drawn by logarithm.
    """
    kinds = (int,) if whole else (int, float)
    given = [low, high, *([] if step is None else [step])]
    if not all(isinstance(value, kinds) and not isinstance(value, bool) for value in given):
        raise ConfigError(f"{where} must be of {'whole ' if whole else ''}numbers, got {given}")
    a, b = float(str(low)), float(str(high))
    distance = None if step is None else float(str(step))
    if not (math.isfinite(a) and math.isfinite(b) and a < b):
        raise ConfigError(f"{where} must go from a number to a larger one, got {low} to {high}")
    if log and (a <= 0 or distance is not None):
        raise ConfigError(f"{where}: log needs numbers above 0, and no step")
    if distance is not None and not 0 < distance <= b - a:
        raise ConfigError(f"{where}.step must be above 0 and fit the range, got {step}")
    return Numbers(a, b, whole, log, distance)


def _check_conditions(space: Sequence[Dimension], where: str) -> None:
    """Refuse conditions on keys that are not drawn before, or on values that they never have."""
    earlier: dict[str, Dimension] = {}
    for dimension in space:
        for key, values in dimension.when.items():
            place = f"{where}.{dimension.key}.when"
            other = earlier.get(key)
            if other is None or not isinstance(other.values, Choice):
                raise ConfigError(f"{place}: '{key}' is not a choice above it in the space")
            for value in values:
                if value not in other.values.values:
                    known = ", ".join(other.values.values)
                    raise ConfigError(f"{place}.{key} must be one of {known}, got '{value}'")
        earlier[dimension.key] = dimension


def dimension_to_dict(dimension: Dimension) -> dict[str, Any]:
    """The values of a key as ``read_space`` reads them."""
    values = dimension.values
    if isinstance(values, Choice):
        content: dict[str, Any] = {"choice": values.values}
    else:
        ends = [int(end) if values.whole else end for end in (values.low, values.high)]
        content = {"int" if values.whole else "float": ends, "log": values.log}
        if values.step is not None:
            content["step"] = int(values.step) if values.whole else values.step
    return content | ({"when": dimension.when} if dimension.when else {})
