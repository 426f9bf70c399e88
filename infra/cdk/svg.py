"""The few marks that a picture is made of, as SVG."""

from html import escape

FONT = "Helvetica, Arial, sans-serif"
INK, LINE = "#222", "#555"
TIP = (
    "<defs><marker id='tip' viewBox='0 0 8 8' refX='7' refY='4' markerWidth='8' markerHeight='8' orient='auto'>"
    f"<path d='M0,0 L8,4 L0,8 z' fill='{LINE}'/></marker></defs>"
)


def picture(width: int, height: int, marks: list[str]) -> str:
    size = f"viewBox='0 0 {width} {height}' width='{width}' height='{height}'"
    start = f"<svg xmlns='http://www.w3.org/2000/svg' {size} font-family='{FONT}'>"
    return "\n".join([start, TIP, box(0, 0, width, height, fill="white"), *marks, "</svg>", ""])


def text(x: int, y: int, said: str, *, size: int = 11, ink: str = INK) -> str:
    weight = " font-weight='bold'" if size > 11 else ""
    return f"<text x='{x}' y='{y}' font-size='{size}'{weight} fill='{ink}'>{escape(said)}</text>"


def box(x: int, y: int, width: int, height: int, *, fill: str, edge: str = "none") -> str:  # noqa: PLR0913
    return f"<rect x='{x}' y='{y}' width='{width}' height='{height}' rx='6' fill='{fill}' stroke='{edge}'/>"


def arrow(path: str) -> str:
    return f"<path d='{path}' fill='none' stroke='{LINE}' stroke-width='1.2' marker-end='url(#tip)'/>"
