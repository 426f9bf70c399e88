"""One self-contained HTML page, with pictures where people would rather look than read."""

import io
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

mpl.rcParams["svg.fonttype"] = "none"
INK, SOFT, ACCENT = "#1d3557", "#a8b5c4", "#e63946"
COLOURS = ("#2a9d8f", "#e9a23b", "#457b9d", "#8d6a9f", "#e76f51")
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1d3557; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h1 { margin-bottom: 0 } h2 { margin-top: 2.5rem; border-bottom: 1px solid #d5dde6 }
table { border-collapse: collapse; margin: 1rem 0 } td, th { padding: .3rem .8rem; border-bottom: 1px solid #e4eaf0 }
td { text-align: right } th, td:first-child { text-align: left } .soft { color: #66788a }
pre { background: #f4f7fa; padding: .8rem; overflow-x: auto; font-size: 13px; line-height: 1.4 }
svg { max-width: 100%; height: auto }
"""


def page(service: str, trained_on: str, command: str, sections: Iterable[str]) -> str:
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Serinus: {service}</title><style>{STYLE}</style>"
        f"<h1>Serinus: {service}</h1><p class=soft>Trained on {escape(trained_on)}; made by "
        f"<code>{escape(command)}</code>.</p>" + "".join(sections)
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    head = "".join(f"<th>{escape(name)}" for name in heads)
    lines = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}" for cell in row) for row in rows)
    return f"<table><tr>{head}{lines}</table>"


def code(text: str) -> str:
    return f"<pre>{escape(text)}</pre>"


def svg(figure: Figure) -> str:
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg")
    return drawn.getvalue()[drawn.getvalue().index("<svg") :]


def bare(axis: Any) -> None:
    axis.spines[["top", "right"]].set_visible(False)
