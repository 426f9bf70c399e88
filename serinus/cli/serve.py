"""`serinus serve`: the service on this machine, the same API as on Lambda."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from serinus.cli.options import ModelsOption, ServiceArgument

GRACE_S = 10


def serve(
    service: ServiceArgument,
    models: ModelsOption = Path("models"),
    *,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen at.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Processes; a model needs the memory once in each.")] = 1,
    no_auth: Annotated[
        bool, typer.Option("--no-auth", envvar="SERINUS_NO_AUTH", help="Answer everybody, whatever service.toml asks.")
    ] = False,
) -> None:
    """Serve a service's models over HTTP until Ctrl-C, which lets running requests finish.

    Where service.toml asks for API keys, they are in SERINUS_API_KEY or the file SERINUS_API_KEYS_FILE (serinus keys).
    One JSON line a request goes to standard output. A service about people needs SERINUS_AUDIT_KEY, and writes a record
    of each prediction to SERINUS_AUDIT_LOG. Try:

        serinus serve kepler

        curl http://127.0.0.1:8000/api/v1/health?deep=1
    """
    import uvicorn

    from functions.predict.audit import audit
    from functions.predict.front import keys_of, notices
    from serinus import service as services
    from serinus.ensemble import Ensemble
    from serinus.settings import AccessSettings, AuditSettings, PredictSettings

    file = services.find(service)
    named = services.load(file)
    settings = PredictSettings(service=file.resolve(), models=models.resolve())
    access = AccessSettings.from_env({**os.environ, "SERINUS_NO_AUTH": str(no_auth)})
    keys = keys_of(named, access)
    audit(named, AuditSettings.from_env(os.environ), settings.release)
    if workers > 1:
        Ensemble.load(named, models)  # uvicorn would start a worker that cannot start again and again
    typer.echo(f"serving {named.name} at http://{host}:{port} (docs at /docs, metrics at /metrics)", err=True)
    for notice in notices(named.gateway, keys, workers):
        typer.echo(notice, err=True)
    os.environ.update(settings.as_env() | access.as_env())
    with _metrics_of(workers):
        uvicorn.run(
            "functions.predict.server:application",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE_S,
        )


@contextmanager
def _metrics_of(workers: int) -> Iterator[None]:
    """Several workers count together, in a folder that prometheus_client finds under this name."""
    if workers == 1:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="serinus-metrics-") as shared:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = shared
        yield
