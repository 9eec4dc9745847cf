"""The command `keys`: make, list and revoke named keys; a running server notices at its next request."""

from __future__ import annotations

import click

from ui.command import Command, Commands, config_of, print_json


@click.group("keys", cls=Commands, invoke_without_command=True)
@click.pass_context
def keys(context: click.Context) -> None:
    """Make, list and revoke keys for people and programs; each can have limits of its own."""
    if context.invoked_subcommand is None:
        context.invoke(list_keys)


@keys.command("add", cls=Command, shown=("data",))
@click.argument("name")
@click.option(
    "--per-minute", type=click.IntRange(1, 1_000_000), metavar="N", help="Requests a minute, not counting reading."
)
@click.option("--uploads-mb", type=click.IntRange(1, 100_000), metavar="N", help="The largest upload, in megabytes.")
@click.pass_context
def add_key(context: click.Context, name: str, per_minute: int | None, uploads_mb: int | None) -> None:
    """Make a key for NAME and show it, this once: only its hash is kept."""
    from ui.keys import KeyFile

    key, words = KeyFile(config_of(context).data).add(name, per_minute, uploads_mb)
    click.echo(words)
    click.echo(f"This is the key of {key.name}, shown this once. Whoever has it may ask, add and remove.", err=True)


@keys.command("list", cls=Command, shown=("data",))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def list_keys(context: click.Context, as_json: bool = False) -> None:
    """List the keys with their limits; the keys themselves are known to nobody here."""
    from ui.keys import KeyFile

    found = KeyFile(config_of(context).data).all()
    if as_json:
        names = ("name", "created", "per_minute", "uploads_mb", "revoked")
        print_json({"keys": [{name: getattr(key, name) for name in names} for key in found]})
        return
    for key in found:
        limits = [f"{key.per_minute} a minute"] if key.per_minute else []
        limits += [f"uploads up to {key.uploads_mb} MB"] if key.uploads_mb else []
        state = f"revoked {key.revoked}" if key.revoked else ", ".join(limits) or "no limits of its own"
        click.echo(f"{key.name}  made {key.created}  {state}")
    if not found:
        click.echo("There are no named keys.")


@keys.command("revoke", cls=Command, shown=("data",))
@click.argument("name")
@click.pass_context
def revoke_key(context: click.Context, name: str) -> None:
    """End the key of NAME, and every login made with it, at once."""
    from ui.keys import KeyFile

    key = KeyFile(config_of(context).data).revoke(name)
    click.echo(f"The key of {key.name} lets nobody in any more.")
