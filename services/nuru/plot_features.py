"""What the feature store knows of each plot: the file that it reads, one row a plot."""

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from serinus.service import Service
from services.nuru.simulator import Columns

FILE = "plot_features.parquet"


def write(root: Path, day: date, service: Service, newest: Columns) -> Path:
    """Write the stored fields of `service` out of the `newest` season of each plot; the file appears whole or not."""
    stored = [field.name for field in service.input.given if field.source != "request"]
    entity = service.features.entity if service.features else "plot_id"
    table = pa.table({name: _column(newest[name]) for name in (entity, *stored)})
    file = root / day.isoformat() / FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".unfinished")
    pq.write_table(table, unfinished, compression="zstd")
    return unfinished.replace(file)


def _column(values: "np.ndarray[tuple[int], np.dtype[np.generic]]") -> pa.Array:
    return pa.array(values, mask=np.isnan(values.astype(np.float64)) if values.dtype.kind == "f" else None)
