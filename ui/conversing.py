"""The commands about kept conversations: list, export, delete."""

from __future__ import annotations

from pathlib import Path

import click

from ui.command import Commands, config_of, print_json

FORMATS = ("markdown", "html", "json")


@click.group("conversations", cls=Commands, invoke_without_command=True)
@click.option("--find", "words", default="", metavar="WORDS", help="Only those in which every word occurs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def conversations(context: click.Context, words: str, as_json: bool) -> None:
    """List your kept conversations; or export or delete one.

    Yours are those of the key that is set; without one, those that programs on this machine began.
    """
    if context.invoked_subcommand is not None:
        return
    from ui.desk import open_desk
    from ui.listing import conversation_lines
    from ui.wire import conversation_json

    with open_desk(config_of(context)) as desk:
        found = list(desk.history.conversations(words))
    if as_json:
        print_json({"conversations": [conversation_json(one) for one in found]})
    else:
        click.echo("\n".join(conversation_lines(found)))


@conversations.command("export", shown=("data",))
@click.argument("conversation")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(FORMATS), default="markdown", show_default=True)
@click.pass_context
def export(context: click.Context, conversation: str, file: Path | None, form: str) -> None:
    """Write CONVERSATION, given by id, into FILE or to the terminal: with footnotes, or as JSON."""
    from ui.conversations_export import FORMATS as KNOWN
    from ui.desk import open_desk
    from ui.moving import write_new

    with open_desk(config_of(context)) as desk:
        made = desk.history.export(conversation, next(known for known in KNOWN if known == form))
    if file is None:
        click.echo(made.content.decode(), nl=False)
        return
    path = file / made.name if file.is_dir() else file
    write_new(path, made.content)
    click.echo(f"Exported the conversation into {path}.")


@conversations.command("delete", shown=("data",))
@click.argument("ids", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every conversation and every single answer of yours.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def delete(context: click.Context, ids: tuple[str, ...], everything: bool, yes: bool) -> None:
    """Delete conversations, given by id, with their answers."""
    if bool(ids) == everything:
        raise click.UsageError("Name conversations, or say --all.")
    from ui.desk import open_desk
    from ui.show import visible

    with open_desk(config_of(context)) as desk:
        if everything:
            if not yes:
                click.confirm("Delete all your conversations and answers?", abort=True, err=True)
            click.echo(f"Deleted {desk.history.delete_all()} conversations and single answers.")
            return
        for found in [desk.history.conversation(id) for id in ids]:
            desk.history.delete(found.id)
            click.echo(f"Deleted {found.id} {visible(found.title)}".rstrip())
