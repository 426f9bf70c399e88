"""What a benchmark reports: the machine it ran on, tables to read, and the same as JSON to keep."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

WIDE = 150  # where the output is no terminal


def console() -> Console:
    wide = Console()
    return wide if wide.is_terminal else Console(width=WIDE)


def machine(packages: Sequence[str]) -> dict[str, Any]:
    """What the figures depend on; nothing that names the machine."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {package: _version(package) for package in packages},
        "load_average_at_start": [round(load, 2) for load in os.getloadavg()],
    }


def print_machine(out: Console, facts: Mapping[str, Any]) -> None:
    load = ", ".join(map(str, facts["load_average_at_start"]))
    versions = ", ".join(f"{package} {number}" for package, number in facts["versions"].items())
    out.print(f"{facts['cpu']}, {facts['cores']} cores, {facts['system']}, Python {facts['python']}; {versions}")
    out.print(f"load average at the start: {load} (quiet is below 0.3: else trust only the ratios, if those)")


def print_table(out: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Words are put to the left, figures to the right."""
    table = Table(title=title, title_justify="left")
    for place, column in enumerate(columns):
        words = isinstance(rows[0][place], str)
        table.add_column(column, justify="left" if words else "right", no_wrap=words)
    for row in rows:
        table.add_row(*map(_shown, row))
    out.print(table)


def write_json(file: Path | None, report: Mapping[str, Any]) -> None:
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(report, indent=2) + "\n")


def _shown(figure: object) -> str:
    if not isinstance(figure, float):
        return str(figure)
    return f"{figure:,.0f}" if abs(figure) >= 100 else f"{figure:.1f}" if abs(figure) >= 10 else f"{figure:.3f}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _cpu_model() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or "unknown")
