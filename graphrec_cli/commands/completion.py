"""``graphrec completion``: shell completion of commands, options and keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from graphrec_cli.commands import ablate, compare, evaluate, explain, export, judge, runs, serve
from graphrec_cli.commands.data import PLOT_DIR, SUBCOMMANDS
from graphrec_cli.commands.plugin_words import plugins_of
from graphrec_cli.commands.recommend import CHOICES, KEYS, OVERRIDABLE
from graphrec_cli.commands.resume import KEY as RESUME
from graphrec_cli.config.arguments import FLAG_VALUES
from graphrec_cli.config.completion import complete_train
from graphrec_cli.config.flags import FROM, PLUGIN
from graphrec_cli.config.plan_words import PLAN_KEYS
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.store import SCHEMAS
from graphrec_cli.errors import ConfigError
from graphrec_cli.rundir.find_run import Need, usable_runs
from graphrec_cli.rundir.run_summary import STATES

HELP = """\
Print the script that completes commands, groups, options, keys and values.

Examples:
  eval "$(graphrec completion bash)"           in ~/.bashrc
  source <(graphrec completion zsh)            in ~/.zshrc, after compinit
  graphrec completion fish | source            in ~/.config/fish/config.fish
"""

# Bash splits words at '=', so the part before it is removed from the completions.
_BASH = """\
_graphrec() {
  local IFS=$'\\n' line="${COMP_LINE:0:COMP_POINT}" word cut
  word="${line##* }"
  COMPREPLY=($(graphrec completion query "$line" 2>/dev/null))
  if [[ $word == *=* && $COMP_WORDBREAKS == *=* ]]; then
    cut="${word%%=*}="
    COMPREPLY=("${COMPREPLY[@]#"$cut"}")
  fi
}
complete -o nospace -o default -F _graphrec graphrec
"""
_ZSH = """\
_graphrec() {
  local -a found
  found=(${(f)"$(graphrec completion query "${BUFFER[1,CURSOR]}" 2>/dev/null)"})
  if (( $#found )); then compadd -S '' -- $found; else _files; fi
}
compdef _graphrec graphrec
"""
_FISH = """\
complete -c graphrec -f -a '(graphrec completion query (commandline -cp) 2>/dev/null)'
"""
SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def completion_command(words: list[str], *, json_output: bool, debug: bool) -> int:
    """Print a shell's script; ``query LINE`` prints the completions of a line.

    Raises:
        ConfigError: the shell is missing or not supported.
    """
    if len(words) == 2 and words[0] == "query":
        for candidate in complete_line(words[1]):
            print(candidate)
        return 0
    shell = words[0] if len(words) == 1 else ""
    if shell not in SCRIPTS:
        raise ConfigError(f"completion takes one shell: {', '.join(SCRIPTS)}")
    print(SCRIPTS[shell], end="")
    return 0


def complete_line(line: str) -> list[str]:
    """Completions of the last word of ``line``, which is empty after a space."""
    typed = line.split()
    if line.endswith(" "):
        typed.append("")
    if len(typed) < 2:
        return []
    *before, word = typed[1:]
    if before[-1:] == [PLUGIN]:
        return []  # the shell completes file names
    with plugins_of(before) as before:
        return [found for found in _candidates(word, before) if found.startswith(word)]


def _candidates(word: str, before: list[str]) -> list[str]:
    """What may follow the words ``before``, whether or not it begins with ``word``."""
    if not before:
        return [*_COMMANDS, "--help", "--version"]
    complete: Callable[[str, list[str]], list[str]] | None = _COMMANDS.get(before[0])
    return complete(word, before[1:]) if complete is not None else []


def _evaluate(word: str, before: list[str]) -> list[str]:
    return _run_words(word, before, ["part=test", "part=valid"], evaluate.OVERRIDABLE)


def _list_runs(word: str, before: list[str]) -> list[str]:
    states = [f"state={state}" for state in STATES]
    named = [
        f"{group}={name}" for group in ("model", "dataset", "split") for name in SCHEMAS[group]
    ]
    # After the equals sign, the shell completes folder names.
    free = [] if "=" in word else [f"{key}=" for key in (*runs.OWN, "output_dir")]
    return sorted({*free, *states, *named, "--json", "--help"})


def _show(word: str, before: list[str]) -> list[str]:
    return sorted([*_runs(before, Need.nothing), "output_dir=", "--json", "--help"])


def _recommend(word: str, before: list[str]) -> list[str]:
    chosen = [f"{key}={value}" for key, values in CHOICES.items() for value in values]
    free = [f"{key}=" for key in KEYS if key not in CHOICES]
    return _run_words(word, before, [*chosen, *free], OVERRIDABLE)


def _explain(word: str, before: list[str]) -> list[str]:
    chosen = [f"{key}={value}" for key, values in explain.CHOICES.items() for value in values]
    free = [f"{key}=" for key in explain.KEYS if key not in explain.CHOICES]
    return _run_words(word, before, [*chosen, *free], OVERRIDABLE)


def _train(word: str, before: list[str]) -> list[str]:
    if before[-1:] == [FROM]:
        return _runs(before, Need.config)
    if word.startswith(RESUME):
        return [f"{RESUME}{run}" for run in _runs(before, Need.unfinished)]
    found = complete_train(word, before)
    resume = [RESUME] if word or found else []  # nothing follows a flag's value
    return sorted([*found, *resume, *([FROM] if word else [])])


def _reproduce(word: str, before: list[str]) -> list[str]:
    shared = [name for name in complete_train(word, before) if not name.startswith("--")]
    return sorted([*_runs(before, Need.model), "--json", "--help", *shared])


def _runs(before: Sequence[str], need: Need) -> list[str]:
    """The runs that a command can use, under the ``output_dir`` among the words before."""
    named = [word.removeprefix("output_dir=") for word in before if word.startswith("output_dir=")]
    output_dir = Path([RunConfig().output_dir, *named][-1])
    return ["latest", *map(str, usable_runs(output_dir, need))]


def _run_words(
    word: str, before: Sequence[str], keys: Sequence[str], overridable: Sequence[str]
) -> list[str]:
    """Runs, a command's own ``keys``, and the keys of ``train`` that the command may override."""
    # ablate may choose a launcher, which train only takes with -m.
    shared = tuple(key[:-1] if key.endswith(".*") else f"{key}=" for key in overridable)
    config_keys = [name for name in complete_train(word, ["-m"]) if name.startswith(shared)]
    return sorted(
        [*_runs(before, Need.model), *keys, "output_dir=", "--json", "--help", *config_keys]
    )


def _ablate(word: str, before: list[str]) -> list[str]:
    own = [*(f"{key}=" for key in ablate.OWN if key != "part"), "part=test", "part=valid"]
    return _run_words(word, before, own, (*ablate.OVERRIDABLE, "logger", "logger.*"))


def _export(word: str, before: list[str]) -> list[str]:
    chosen = [f"index={kind}" for kind in export.INDEXES]
    free = [f"{key}=" for key in export.OWN if key != "index"]
    return _run_words(word, before, [*chosen, *free], OVERRIDABLE)


def _serve(word: str, before: list[str]) -> list[str]:
    return _run_words(word, before, [f"{key}=" for key in serve.OWN], OVERRIDABLE)


def _judge(word: str, before: list[str]) -> list[str]:
    if word.startswith("split="):
        return [f"split={run}" for run in _runs(before, Need.model)]
    if not before and "=" not in word:
        return []  # the shell completes file names
    own = [*(f"{key}=" for key in judge.OWN if key != "part"), "part=test", "part=valid"]
    runs = _runs(before, Need.model)
    return [
        found for found in _run_words(word, before, own, judge.OVERRIDABLE) if found not in runs
    ]


def _compare(word: str, before: list[str]) -> list[str]:
    chosen = [f"{key}={value}" for key, values in compare.CHOICES.items() for value in values]
    free = [f"{key}=" for key in compare.OWN if key not in compare.CHOICES]
    return _run_words(word, before, [*chosen, *free], ())


def _data(word: str, before: list[str]) -> list[str]:
    if not before:
        return [*SUBCOMMANDS, "--help"]
    if before[0] not in SUBCOMMANDS:
        return []
    # After the equals sign, the shell completes folder names.
    own = [PLOT_DIR] if before[0] == "inspect" and "=" not in word else []
    shared = complete_train(word, before[1:])
    return sorted([*own, *(name for name in shared if name != "--multirun")])


def _plan(word: str, before: list[str]) -> list[str]:
    if before[-1:] == [FROM]:
        return _runs(before, Need.config)
    shared = [name for name in complete_train(word, before) if name != "--multirun"]
    if before[-1:] in ([flag] for flag in (*FLAG_VALUES, "--config-dir")) or "=" in word:
        return shared
    own = [f"plan.{key}=" for key in PLAN_KEYS]
    return sorted([*shared, *own, *([FROM] if word else [])])


def _completion(word: str, before: list[str]) -> list[str]:
    return list(SCRIPTS)


_COMMANDS = {
    "train": _train,
    "plan": _plan,
    "data": _data,
    "runs": _list_runs,
    "show": _show,
    "evaluate": _evaluate,
    "recommend": _recommend,
    "explain": _explain,
    "reproduce": _reproduce,
    "judge": _judge,
    "compare": _compare,
    "ablate": _ablate,
    "export": _export,
    "serve": _serve,
    "completion": _completion,
}
