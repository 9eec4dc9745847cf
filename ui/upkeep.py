"""The commands that look after a library: back up, restore, reindex, compact, export, import, sync."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ui.command import FAILED, Command, config_of

if TYPE_CHECKING:
    from index.records import Compacted

A_PATH = click.Path(path_type=Path)


@click.command("backup", cls=Command, shown=("data",))
@click.argument("file", required=False, type=A_PATH)
@click.pass_context
def backup(context: click.Context, file: Path | None) -> None:
    """Write library and original files into FILE (else into the data folder's `backups`), also while serving."""
    from ui.desk import open_desk
    from ui.looking_after import outcome
    from ui.moving import move_out
    from ui.unwire import backup_of

    config = config_of(context)
    with open_desk(config) as desk:
        made = backup_of(outcome(desk, desk.begin("backup"), "Backing up")["backup"])
    path = config.data / "backups" / made.name
    if file is not None:
        path = move_out(path, file)
    click.echo(f"Backed up into {path}: {made.files} original files, {_megabytes(made.size)}.")


@click.command("restore", cls=Command, shown=("data",))
@click.argument("file", type=A_PATH)
@click.pass_context
def restore(context: click.Context, file: Path) -> None:
    """Put the backup FILE into a data folder that has no library yet (see --data)."""
    from index.shelf import Shelf

    data = config_of(context).data
    files = Shelf.restore(file, data)
    click.echo(f"Restored the library with {files} original files into {data}.")


@click.command("reindex", cls=Command, shown=("data", "embedder"))
@click.pass_context
def reindex(context: click.Context) -> None:
    """Split what an older version split, embed everything again and build the indexes anew.

    With --embedder NAME, by another model.
    """
    from index.errors import EmbedderChanged
    from index.shelf import Shelf
    from ui.desk import open_desk, with_models
    from ui.looking_after import outcome
    from ui.moving import counting
    from ui.unwire import reindexed_of

    config = config_of(context)
    wanted = context.ensure_object(dict).get("flags", {}).get("embedder")
    try:
        with open_desk(config, fetch=True) as desk:
            done = reindexed_of(outcome(desk, desk.begin("reindex", wanted), "Re-indexing"))
        split = f"Split {done.split} documents anew. " if done.split else ""
        click.echo(f"{split}Embedded everything again: {done.mended} vectors were mended, all indexes were built anew.")
    except EmbedderChanged:
        with counting("Embedding") as tell:
            passages = with_models(config, lambda: Shelf.change_embedder(config, tell))
        click.echo(f"Embedded {passages} passages with {config.embedder}.")
        click.echo(f'Keep it in the settings: embedder = "{config.embedder}" in dossier.toml.', err=True)


@click.command("compact", cls=Command, shown=("data",))
@click.pass_context
def compact(context: click.Context) -> None:
    """Drop replaced versions and whatever removed documents left in any file, and give the room back."""
    from ui.desk import open_desk
    from ui.looking_after import outcome
    from ui.unwire import compacted_of

    config = config_of(context)
    with open_desk(config) as desk:
        click.echo(_told(compacted_of(outcome(desk, desk.begin("compact"), "Compacting")["compacted"])))
    if kept := sorted((config.data / "backups").glob("*.zip")):
        click.echo(f"What was removed may live on in {len(kept)} backups in {config.data / 'backups'}.", err=True)


@click.command("export", cls=Command, shown=("data",))
@click.argument("dossier")
@click.argument("file", type=A_PATH)
@click.pass_context
def export(context: click.Context, dossier: str, file: Path) -> None:
    """Write the documents of DOSSIER, and what you asked of them, into FILE, for another library."""
    from ui.desk import open_desk
    from ui.moving import export_dossier

    with open_desk(config_of(context)) as desk:
        count = export_dossier(desk, dossier, file)
    click.echo(f"Exported {count} documents into {file}.")


@click.command("import", cls=Command, shown=("data",))
@click.argument("file", type=A_PATH)
@click.option("--dossier", "name", metavar="NAME", help="The new dossier; as it was called, if not given.")
@click.pass_context
def import_(context: click.Context, file: Path, name: str | None) -> None:
    """Make a dossier of FILE, which `dossier export` wrote."""
    from ui.desk import open_desk
    from ui.moving import import_dossier

    with open_desk(config_of(context), fetch=True) as desk:
        name, added, answers, failed = import_dossier(desk, file, name)
    for failure in failed:
        click.echo(f"{failure.name}: {failure.error}", err=True)
    told = f" and {answers} answers" if answers else ""
    click.echo(f"Imported {added} documents{told} into the dossier {name!r}.")
    context.exit(FAILED if failed else 0)


@click.command("sync", cls=Command, shown=("data", "max_file_mb"))
@click.argument("folder", type=A_PATH)
@click.option("--dossier", "name", default="default", metavar="NAME", help="The dossier; made if it does not exist.")
@click.option("--ignore", "ignored", multiple=True, metavar="GLOB", help="Leave out such names; can be repeated.")
@click.option("--watch", is_flag=True, help="Stay, and follow every change until Ctrl-C.")
@click.option("--yes", is_flag=True, help="Also when more than half of the documents are gone.")
@click.pass_context
def sync(context: click.Context, folder: Path, name: str, ignored: tuple[str, ...], watch: bool, yes: bool) -> None:
    """Keep a dossier equal to FOLDER: what is new, changed, renamed or deleted there is so here."""
    import threading

    from ui.adding import progress
    from ui.desk import open_desk
    from ui.syncing import folder_of, keep_in_step
    from ui.syncing import sync as synced

    config = config_of(context)
    here = folder_of(folder, ignored)
    here.look()
    with open_desk(config, fetch=True) as desk, progress() as tell:
        done = synced(desk, config, here, name, yes=yes, tell=tell, say=partial(click.echo, err=True))
    *told, last = done.lines()
    for line in told:
        click.echo(line, err=True)
    click.echo(last)
    if watch:
        click.echo(f"Watching {here.root}; Ctrl-C ends it.", err=True)
        keep_in_step(lambda: open_desk(config), config, here, name, click.echo, threading.Event())
    context.exit(FAILED if done.failed else 0)


COMMANDS = (backup, restore, reindex, compact, export, import_, sync)


def _told(done: Compacted) -> str:
    dropped = [f"{done.versions} replaced versions", f"{done.vectors} vectors", f"{done.changes} changes"]
    dropped += [f"{done.history} old conversations"] if done.history else []
    told = f"Dropped {', '.join(dropped)} and {done.jobs} jobs"
    return f"{told}: {_megabytes(done.before)} before, {_megabytes(done.after)} now."


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
