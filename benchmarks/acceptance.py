"""The judge's acceptance table, for docs/rollout.md, of what `serinus rollout simulate --all --json` printed.

serinus rollout simulate --all --runs 1000 --json | python -m benchmarks.acceptance --write docs/rollout.md
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- acceptance table: begin -->", "<!-- acceptance table: end -->"
HEAD = (
    "| scenario | req/min | promoted | rolled back | in step 1 | aborted | minutes | spoilt | alerts "
    "| plain: promoted | rolled back | minutes | spoilt |"
)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--write", type=Path, help="the page whose table is replaced; else it is printed")
    page = asked.parse_args().write
    told = "\n".join(table(json.load(sys.stdin)))
    if page is None:
        print(told)
        return
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{told}\n\n{END}{after}")


def table(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Markdown: one line for each scenario and traffic, ours and the plain thresholds side by side."""
    yield HEAD
    yield "| --- |" + " ---: |" * 7 + " --- |" + " ---: |" * 4
    plain = {(row["scenario"], row["rate_per_min"]): row for row in rows if row["mode"] == "naive"}
    for row in rows:
        if row["mode"] == "naive":
            continue
        beside = plain.get((row["scenario"], row["rate_per_min"]))
        cells = [row["scenario"], f"{row['rate_per_min']:,g}", *_ours(row), *(_plain(beside) if beside else [""] * 4)]
        yield f"| {' | '.join(cells)} |"


def _ours(row: Mapping[str, Any]) -> list[str]:
    first = _share(row["rolled_back_in_first_step"], row["runs"])
    aborted = _share(row["verdicts"]["abort"] + row["verdicts"]["hold"], row["runs"])
    alerts = (f"{name.replace('_', ' ')} {_share(runs, row['runs'])}" for name, runs in row["alerts_by_name"].items())
    return [*_ends(row), first, aborted, *_medians(row), ", ".join(alerts)]


def _plain(row: Mapping[str, Any]) -> list[str]:
    return [*_ends(row), *_medians(row)]


def _ends(row: Mapping[str, Any]) -> list[str]:
    return [_share(row["verdicts"][verdict], row["runs"]) for verdict in ("promote", "rollback")]


def _medians(row: Mapping[str, Any]) -> list[str]:
    return ["" if row[name] is None else f"{row[name]:,.1f}" for name in ("median_minutes", "median_bad_answers")]


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}"


if __name__ == "__main__":
    main()
