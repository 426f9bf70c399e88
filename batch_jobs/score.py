"""Score one file with the service that is baked into the image: the main of a container on Batch, ECS or a laptop."""

import argparse
import json
import os
import sys
from pathlib import Path

from serinus import service as services
from serinus.bulk import local
from serinus.bulk.plan import Request, plan
from serinus.bulk.scorer import load
from serinus.errors import SerinusError
from serinus.settings import PredictSettings


def main() -> int:
    """0 once the output is complete; 1 and one line of why otherwise."""
    options = _options()
    settings = PredictSettings.from_env(os.environ)
    try:
        scorer = load(services.load(settings.service), settings.models, options.model)
        planned = plan(Request(options.file, options.format, tuple(options.id)), scorer)
        outcome = local.run(planned, options.out, workers=options.workers)
    except SerinusError as error:
        print(f"score: {error}", file=sys.stderr)
        return 1
    manifest = outcome.manifest
    counts = {"rows": manifest.rows_in, "rows_ok": manifest.rows_ok, "rows_bad": manifest.rows_bad}
    print(json.dumps({**counts, "model": manifest.model, "model_version": manifest.model_version, "job": manifest.job}))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m batch_jobs.score", description=__doc__)
    parser.add_argument("file", type=Path, help="the rows: .parquet, .csv, .jsonl; .csv.gz, .jsonl.gz")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write to: new, or of the same job")
    parser.add_argument("--model", default="auto", help="a model of the service, auto or ensemble")
    parser.add_argument("--format", choices=["parquet", "csv", "jsonl"], default="parquet", help="what to write")
    parser.add_argument(
        "--id", action="append", default=[], help="a column to keep; without it all that are no features"
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="threads that score")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
