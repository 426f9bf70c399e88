"""service.toml for a table, written for somebody to read and correct."""

import json
from collections.abc import Collection, Iterator, Sequence

from serinus.fields import GivenField
from services.iit.inferred import Inferred

HEAD = """\
# Made from a table by services.iit.train. Correct it, then train again with --service and this file:
# ranges (minimum, maximum), units and descriptions; words; derived fields; what comes from a feature store.
[service]
name = {name}
task = "classification"
labels = {labels}

[input]
missing = {missing} # texts that mean that there is no value
"""
TAIL = """
[models]
{model} = "{version}"

[auto]
by = "roc_auc"

[gateway]
max_batch_size = 100

[privacy]
personal = true # errors and logs name fields, never values

[bands] # the table's own share, and twice that
label = {label}
from = {{ low = 0.0, medium = {medium:.3f}, high = {high:.3f} }}
"""
MODEL, VERSION = "lightgbm", "1.0.0"


def written(name: str, labels: Sequence[str], found: Inferred, *, missing: Collection[str], share: float) -> str:
    """The text of the file; share: of the rows that are labels[1]."""
    medium = min(max(share, 0.001), 0.9)
    high = min(2 * medium, (1 + medium) / 2)
    head = HEAD.format(name=_toml(name), labels=_toml(list(labels)), missing=_toml(sorted(missing)))
    tail = TAIL.format(model=MODEL, version=VERSION, label=_toml(labels[1]), medium=medium, high=high)
    left_out = "".join(f"# left out {json.dumps(name)}: {why}\n" for name, why in found.left_out.items())
    return head + left_out + "".join(f"\n[[input.fields]]\n{''.join(_lines(field))}" for field in found.fields) + tail


def _lines(field: GivenField) -> Iterator[str]:
    said = field.model_dump(exclude_defaults=True) | {"type": field.type}
    for key in sorted(said, key=list(GivenField.model_fields).index):
        yield f"{key} = {_toml(said[key])}\n"


def _toml(value: object) -> str:
    """Texts, numbers and lists are written alike in TOML and JSON."""
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    return json.dumps(whole, ensure_ascii=False).replace("\x7f", "\\u007f")  # the one character where they differ
