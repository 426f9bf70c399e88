"""Light curves as the tables that bulk scoring reads: kepid, the label that is true, and a column per bin."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.progress import track

from services.kepler.light_curves import FEATURE_NAMES, LABELS, LightCurves

ROW_GROUP = 10_000
SCHEMA = pa.schema([("kepid", pa.int64()), ("label", pa.string()), *((name, pa.float32()) for name in FEATURE_NAMES)])


def write_parquet(file: Path, blocks: Iterable[LightCurves], *, rows: int, console: Console) -> None:
    """Write `blocks` of together `rows` curves; the file appears whole, or not at all."""
    unfinished = file.with_suffix(".unfinished")
    with pq.ParquetWriter(unfinished, SCHEMA, compression="zstd", use_dictionary=["label"]) as writer:
        steps = -(-rows // ROW_GROUP)
        for curves in track(blocks, f"writing {file}", total=steps, console=console, transient=True):
            writer.write_table(table(curves), row_group_size=ROW_GROUP)
    unfinished.replace(file)


def table(curves: LightCurves) -> pa.Table:
    columns = np.ascontiguousarray(curves.flux.T)
    bins = [pa.array(column) for column in columns]
    return pa.table([pa.array(curves.kepid), pa.array(np.array(LABELS)[curves.labels]), *bins], schema=SCHEMA)
