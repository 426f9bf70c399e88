"""Reading what `python -X importtime` writes."""

from benchmarks.cold import Import, parsed

WRITTEN = """\
import time: self [us] | cumulative | imported package
import time:       100 |        100 |     numpy.core
import time:        50 |        150 |   numpy
import time:        30 |         30 |     json.decoder
import time:        20 |         50 |   json
import time:        10 |         10 |     numpy.lib
import time:         5 |         15 |   serinus.schema
import time:         1 |        216 | serinus
something else on standard error
import time:         7 |          7 | json.encoder
"""


def figures() -> dict[str, Import]:
    return {one.package: one for one in parsed(WRITTEN.splitlines())}


def test_self_time_is_summed_over_the_modules_of_a_package() -> None:
    own = {package: one.self_ms for package, one in figures().items()}
    assert own == {"numpy": 0.160, "json": 0.057, "serinus": 0.006}


def test_cumulative_time_counts_where_a_package_is_entered() -> None:
    cumulative = {package: one.cumulative_ms for package, one in figures().items()}
    assert cumulative == {"numpy": 0.160, "json": 0.057, "serinus": 0.216}


def test_what_is_no_import_line_is_left_out() -> None:
    assert parsed(["", "Warning: import time: soon"]) == []
