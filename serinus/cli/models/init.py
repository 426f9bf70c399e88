"""`serinus models init`: what a registry in AWS needs."""

from serinus.cli.models.options import Place, RegistryOption, TableOption, say
from serinus.cli.options import JsonOption


def init(
    registry: RegistryOption = "models",
    table: TableOption = "serinus-registry",
    as_json: JsonOption = False,
) -> None:
    """Make the table of a registry in S3, and its bucket keep versions of its objects. The bucket must be there.

    What is there already is left alone. A folder needs nothing.

    Try: serinus models init --registry s3://bucket/team
    """
    done: list[str] = []
    if Place(registry, table).folder is None:
        from serinus.aws.registry import create

        done = create(registry, table)
    say("\n".join(done) or "nothing to do", {"registry": registry, "done": done}, as_json=as_json)
