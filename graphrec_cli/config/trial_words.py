"""The words of a trial: the given configuration, with the values that a search has drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from graphrec_cli.config.arguments import Arguments, hydra_words
from graphrec_cli.config.comparable_runs import figures_of
from graphrec_cli.config.compose import compose_run
from graphrec_cli.config.fitted_words import FittedWords, fit_words
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.search_space import Dimension
from graphrec_cli.config.serialize import SavedConfig, to_plain
from graphrec_cli.config.store import SCHEMAS
from graphrec_cli.config.text_values import quote_text
from graphrec_cli.errors import ConfigError

_SEARCHED = ("model", "loss", "sampler", "trainer")
"""Groups whose keys may be in a space."""


class TrialWords:
    """Composes the trials of a search.

    Attributes:
        config: the values of the given configuration.
    """

    def __init__(
        self, arguments: Arguments, saved: SavedConfig | None, space: Sequence[Dimension]
    ) -> None:
        """Compose the given configuration.

        Args:
            arguments: its words.
            saved: values that the words are put on; None is those of ``conf``.
            space: keys that are drawn.

        Raises:
            ConfigError: a value is refused.
        """
        of_hydra = hydra_words(arguments.overrides)
        own = [word for word in arguments.overrides if word not in of_hydra]
        self._arguments, self._saved = replace(arguments, overrides=own), saved
        self._space = space
        job = compose_run(self._arguments, saved)
        self.config, self._choices = job.config, job.choices

    def fit(self, drawn: Mapping[str, str]) -> FittedWords:
        """The words of a trial, without those that it does not use, and its values.

        Args:
            drawn: key to value, as written after ``key=``.

        Raises:
            ConfigError: a value is refused.
        """
        words = [quote_text(f"{key}={text}", sweeps=False) for key, text in drawn.items()]
        own = [word for word in self._arguments.overrides if word.partition("=")[0] not in drawn]
        return fit_words(replace(self._arguments, overrides=[*own, *words]), self._saved)

    def check_space(self) -> None:
        """Compose the ends of every range and every choice.

        Raises:
            ConfigError: a key or a value is refused, has no effect, or changes the data or the
                metric, so that trials could not be compared.
        """
        for dimension in self._space:
            if dimension.key.partition(".")[0] not in _SEARCHED:
                raise _other_figures(dimension.key)
            conditions = {key: values[0] for key, values in dimension.when.items()}
            for text in dimension.values.words():
                word = quote_text(f"{dimension.key}={text}", sweeps=False)
                fitted = self.fit(conditions | {dimension.key: text})
                if word not in fitted.kept:
                    reason = fitted.unused.get(word, "no component of the configuration has it")
                    raise ConfigError(
                        f"searching over {word} has no effect: {reason}; give it a condition with "
                        "'when' in hydra.sweeper.space, or leave it out"
                    )
                self._refuse_other_figures(fitted.config, word)

    def given_values(self) -> dict[str, str]:
        """The values of the given configuration that lie in the space."""
        plain = to_plain(self.config)
        found: dict[str, str] = {}
        for dimension in self._space:
            value = self._choices.get(dimension.key)
            if dimension.key not in SCHEMAS:
                group, _, key = dimension.key.rpartition(".")
                value = (plain[group] if group else plain).get(key)
            text = dimension.spell_given(value) if dimension.applies(found) else None
            if text is not None:
                found[dimension.key] = text
        return found

    def _refuse_other_figures(self, config: RunConfig, word: str) -> None:
        same = figures_of(config) == figures_of(self.config) and config.seed == self.config.seed
        if not same:
            raise _other_figures(word)


def _other_figures(word: str) -> ConfigError:
    return ConfigError(
        f"a search compares runs on the same data, split, seed and metric, and {word} is not about "
        f"{', '.join(_SEARCHED)} alone; sweep over it instead, without hydra/sweeper"
    )
