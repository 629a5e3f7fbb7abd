"""
The verb `completion`.
"""

from __future__ import annotations

import click

from rtkcontract.cli.exits import say
from rtkcontract.cli.options import examples
from rtkcontract.errors import CannotTell


@click.command(
    epilog=examples(
        'eval "$(rtkcontract completion bash)"',
        "rtkcontract completion fish > ~/.config/fish/completions/rtkcontract.fish",
    )
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """
    Print the completion script of a shell.
    """
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    if made is None:
        raise CannotTell(f"there is no completion for {shell}")
    say(made(ctx.find_root().command, {}, "rtkcontract", "_RTKCONTRACT_COMPLETE").source(), raw=True)
