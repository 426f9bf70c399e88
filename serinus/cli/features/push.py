"""`serinus features push`: a file of features into the store."""

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serinus.cli.features.place import AddressOption, Place, place
from serinus.cli.options import JsonOption, ServiceOption

if TYPE_CHECKING:
    from collections.abc import Callable

    from serinus.features.push import Done, Journal, Push
    from serinus.features.rows import Rows

INTERRUPTED = 130
CONTINUE = "what is done is kept: run the same command again to continue"
ROWS = {"parquet": 200_000}  # each put there writes a file
FEWER_ROWS = 1_000


def push(
    file: Annotated[Path, typer.Argument(help="The features: .csv, .jsonl, .csv.gz, .jsonl.gz or .parquet.")],
    *,
    service: ServiceOption,
    address: AddressOption = "",
    as_json: JsonOption = False,
) -> None:
    """Put the features of a file into the store: a row per entity, named by its column; other columns are left out.

    Every value is checked against the fields of the service. A row with a bad one is named and not pushed, and the exit
    code is 1. Interrupted, it goes on where it was when it is run again; pushed again, nothing changes but the time.

    Try: serinus features push plots.csv --service nuru
    """
    from serinus.errors import StoreDown
    from serinus.features.rows import open_rows

    where, rows = place(service, address), open_rows(file)
    ignored = _check_columns(file, rows.names, where)
    journal = _journal(file, where)
    before, pushing = journal.read(), _push(where, rows)
    try:
        done = _run(pushing, journal, before or _start(pushing, file, where))
    except KeyboardInterrupt:
        typer.echo(f"stopped; {CONTINUE}", err=True)
        raise typer.Exit(INTERRUPTED) from None
    except StoreDown:
        typer.echo(CONTINUE, err=True)
        raise
    outcome = Outcome(done, before.rows if before else 0, where.shown, ignored)
    if as_json:
        print(json.dumps(outcome.facts()))
    else:
        _show(outcome)
    if done.bad:
        raise typer.Exit(1)


@dataclass(frozen=True)
class Outcome:
    """before: rows that an earlier, interrupted push has done; ignored: columns that are no features."""

    done: "Done"
    before: int
    into: str
    ignored: list[str]

    def facts(self) -> dict[str, object]:
        counts = {"rows": self.done.rows, "pushed": self.done.pushed, "bad": self.done.bad}
        names = {"ignored_columns": self.ignored, "bad_rows": list(self.done.named)}
        return {**counts, "rows_done_before": self.before, "into": self.into, **names}


def _check_columns(file: Path, names: Sequence[str] | None, where: Place) -> list[str]:
    """The columns that are no features of the service; JobError when one is lacking that has to be there."""
    from serinus.errors import JobError, listed
    from serinus.stored import is_required

    if names is None:
        return []
    form = where.form
    lacking = [field.name for field in form.lacking(names) if field is form.entity or is_required(field)]
    if lacking:
        raise JobError(f"{file} has no column {listed(lacking)}; it has {listed(names)}")
    if len(form.lacking(names)) == len(form.fields):
        raise JobError(f"{file} has none of the features of {where.service.name}: {listed(form.names)}")
    return [name for name in names if name not in (form.entity.name, *form.names)]


def _journal(file: Path, where: Place) -> "Journal":
    """Of this file, as it is, into this store, under these fields."""
    from serinus.bulk.sources import identity
    from serinus.features.push import Journal

    fields = [field.model_dump_json() for field in (where.form.entity, *where.form.fields)]
    job = hashlib.sha256("\n".join([identity(file), where.shown, *fields]).encode()).hexdigest()
    return Journal(file.with_name(f".{file.name}.{where.service.name}.push"), job)


def _push(where: Place, rows: "Rows") -> "Push":
    from serinus.errors import InputError
    from serinus.features.push import Push

    def tell(error: InputError) -> str:
        if not where.service.privacy.personal:
            return str(error)
        return "; ".join(f"{problem.field}: expected {problem.expected}" for problem in error.problems)

    size = ROWS.get(where.section.store, FEWER_ROWS)
    return Push(rows, where.form, where.store(), tell, size)


def _run(pushing: "Push", journal: "Journal", began: "Done") -> "Done":
    done = began
    with _bar(began) as report:
        for further in pushing.run(began):
            done = further
            journal.write(done)
            report(done)
    journal.remove()
    return done


def _start(pushing: "Push", file: Path, where: Place) -> "Done":
    from serinus.errors import JobError
    from serinus.features.push import Done

    survey = pushing.survey(where.form.entity.name)
    if not survey.rows:
        raise JobError(f"{file} has no rows")
    return Done(survey, at=time.time())


@contextmanager
def _bar(began: "Done") -> "Iterator[Callable[[Done], None]]":
    """Shows on standard error how far it is."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[bad]}"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=began.survey.rows, completed=began.rows, bad="")

        def report(done: "Done") -> None:
            bar.update(task, completed=done.rows, bad=f"{done.bad:,} bad" if done.bad else "")

        yield report


def _show(outcome: Outcome) -> None:
    from rich.console import Console
    from rich.markup import escape

    done, console = outcome.done, Console(soft_wrap=True)
    before = f", {outcome.before:,} of them before" if outcome.before else ""
    console.print(f"{done.rows:,} rows{before}: {done.pushed:,} pushed into {escape(outcome.into)}")
    if outcome.ignored:
        console.print(f"no features of the service: {escape(', '.join(outcome.ignored))}", style="dim")
    if done.bad:
        console.print(f"{done.bad:,} bad rows were not pushed:", style="red")
        for told in done.named:
            console.print(f"  {escape(told)}")
        if done.bad > len(done.named):
            console.print(f"  and {done.bad - len(done.named):,} more")
