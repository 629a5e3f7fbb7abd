"""
The verb `config`, and the settings that a file gives to every verb.

1. `rtkcontract.toml`, else `[tool.rtkcontract]` in `pyproject.toml`: in the current folder, else in the nearest folder
   above it up to the root of the git repository.
2. A setting has the name of an option without its dashes. At the top it applies to each verb that has the option; in a
   table with the name of a verb, to that verb. The command line counts more.
3. A relative path is relative to the folder of the file.
4. A file of variables is read only when `env-file` or `--env-file` names it; a variable that is set counts more.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import click

from rtkcontract.cli.exits import say
from rtkcontract.cli.options import examples
from rtkcontract.errors import CannotTell

OWN_FILE: Final = "rtkcontract.toml"
SHARED_FILE: Final = "pyproject.toml"
ENV_FILE: Final = "env-file"
PATHS: Final = ("schemas", "cassettes", "run-file", "output", "history")
"""Options that name a file or a folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """
    One setting; `verb` is "" where it applies to every verb that has the option.
    """

    key: str
    value: Any
    verb: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """
    The settings of one file (None where there is none), and the variables of the file that `env-file` names.
    """

    file: Path | None = None
    settings: tuple[Setting, ...] = ()
    variables: Mapping[str, str] | None = None
    """Name to the file that gives it."""

    def value_for(self, verb: str, key: str) -> Setting | None:
        """
        The setting that a verb uses: its own, else the general one.
        """
        own = [each for each in self.settings if each.key == key and each.verb in ("", verb)]
        return max(own, key=lambda each: each.verb, default=None)


def load(group: click.Group, ctx: click.Context, file: Path | None, env_file: Path | None) -> Config:
    """
    The settings that apply here, as the defaults of every verb, with the variables of a named file set.

    Raises CannotTell for a file that cannot be read, an unknown setting, and a value that its option refuses.
    """
    found = file or _nearest(Path.cwd())
    config = Config(file=found, settings=tuple(_read(found)) if found else ())
    if config.settings:
        commands = tuple(_commands(group, ctx))
        _refuse_unknown(config, commands)
        ctx.default_map = _default_map(config, commands)
    named = config.value_for("", ENV_FILE)
    if env_file is None and named is not None:
        env_file = _from_folder(config, named.value)
    return replace(config, variables=_set_variables(env_file)) if env_file else config


def _nearest(folder: Path) -> Path | None:
    above = (folder, *folder.parents)
    root = next((number for number, each in enumerate(above) if (each / ".git").exists()), 0)
    for each in above[: root + 1]:
        if (each / OWN_FILE).is_file():
            return each / OWN_FILE
        if (each / SHARED_FILE).is_file() and "tool.rtkcontract" in (each / SHARED_FILE).read_text("utf-8", "replace"):
            return each / SHARED_FILE
    return None


def _read(file: Path) -> Iterator[Setting]:
    try:
        table = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise CannotTell(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if file.name == SHARED_FILE:
        table = table.get("tool", {}).get("rtkcontract", {})
    for name, value in table.items():
        if isinstance(value, dict):
            yield from (Setting(key=key.replace("_", "-"), value=item, verb=name) for key, item in value.items())
        else:
            yield Setting(key=name.replace("_", "-"), value=value)


def _commands(group: click.Group, ctx: click.Context, above: tuple[str, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """
    (names, options by their key) of each command.
    """
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        if isinstance(command, click.Group):
            yield from _commands(command, ctx, (*above, name))
        elif command is not None and name != "config":
            options = [each for each in command.params if isinstance(each, click.Option)]
            yield (*above, name), {max(each.opts, key=len).lstrip("-"): each for each in options}


def _refuse_unknown(config: Config, commands: Iterable[tuple[Any, ...]]) -> None:
    of_verb: dict[str, set[str]] = {}
    for names, options in commands:
        of_verb.setdefault(names[0], set()).update(options)
    every = set().union(*of_verb.values()) | {ENV_FILE}
    for each in config.settings:
        if each.verb and each.verb not in of_verb:
            raise CannotTell(f"{config.file}: there is no verb {each.verb}{_near(each.verb, of_verb)}")
        known = of_verb[each.verb] if each.verb else every
        if each.key not in known:
            where = f" of {each.verb}" if each.verb else ""
            raise CannotTell(f"{config.file}: there is no setting {each.key}{where}{_near(each.key, known)}")
        if each.value in ("", [], None) or isinstance(each.value, dict):
            raise CannotTell(f"{config.file}: {each.key} has no value; take it out, or give one")


def _near(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, known, 1, 0.4)
    return f"; did you mean {near[0]}?" if near else f"; there are {', '.join(sorted(known))}"


def _default_map(config: Config, commands: Iterable[tuple[Any, ...]]) -> dict[str, Any]:
    defaults: dict[str, Any] = {}
    for names, options in commands:
        table = defaults
        for name in names:
            table = table.setdefault(name, {})
        for key, option in options.items():
            setting = config.value_for(names[0], key)
            if setting is not None:
                table[option.name] = _converted(config, setting, option)
    return defaults


def _converted(config: Config, setting: Setting, option: click.Option) -> Any:
    value = setting.value
    if setting.key in PATHS and isinstance(value, str):
        value = str(_from_folder(config, value))
    value = [value] if option.multiple and not isinstance(value, list) else value
    if option.is_flag != isinstance(value, bool):
        raise CannotTell(f"{config.file}: {setting.key} is {'true or false' if option.is_flag else 'no switch'}")
    try:
        option.type_cast_value(click.Context(click.Command("config")), value)
    except click.BadParameter as error:
        raise CannotTell(f"{config.file}: {setting.key}: {error.message}") from None
    return value


def _from_folder(config: Config, path: str) -> Path:
    return (config.file.parent if config.file else Path()) / path


def _set_variables(file: Path) -> dict[str, str]:
    """
    Sets what a file of NAME=VALUE lines gives to this toolkit and nobody has set; no other variable is taken from it.
    """
    from rtkcontract.engine.targets import BASE_URL_VARIABLE, VARIABLES

    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise CannotTell(f"{file} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}") from None
    taken = {}
    for line in lines:
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        name, value = name.strip(), value.strip()
        if equals and name in (*VARIABLES.values(), BASE_URL_VARIABLE) and name not in os.environ:
            os.environ[name] = value[1:-1] if value[:1] == value[-1:] and value[:1] in ("'", '"') else value
            taken[name] = str(file)
    return taken


@click.command(
    short_help="Print the settings that apply here, and where they come from.", epilog=examples("rtkcontract config")
)
@click.pass_context
def config(ctx: click.Context) -> None:
    """
    Print the settings that apply here, and where they come from; no value of a variable is shown.
    """
    from rtkcontract.engine.targets import BASE_URL_VARIABLE, VARIABLES

    applied: Config = ctx.obj
    if applied.file is None:
        say(f"no {OWN_FILE} and no [tool.rtkcontract] in {SHARED_FILE} here or above: each option has its default")
    else:
        say(f"{applied.file}")
    for each in applied.settings:
        say(f"  {each.verb or 'every verb'}: {each.key} = {each.value!r}")
    for name in (*VARIABLES.values(), BASE_URL_VARIABLE):
        by = (applied.variables or {}).get(name) or ("the environment" if name in os.environ else "")
        say(f"{name}: {f'set, from {by}' if by else 'not set'}")
