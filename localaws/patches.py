"""Everything that localaws changes of moto in this process. Each patch is a module that says what AWS does instead."""

from localaws import (
    aliases,
    bucket_logging,
    executions,
    invoking,
    machine_errors,
    map_definition,
    map_reader,
    map_results,
    map_run,
    names,
    permissions,
    provisioned,
    records,
    task_parameters,
    versions,
)
from localaws.formation import moto_stacks

PATCHES = (
    aliases,
    bucket_logging,
    executions,
    invoking,
    machine_errors,
    map_definition,
    map_reader,
    map_results,
    map_run,
    moto_stacks,
    names,
    permissions,
    provisioned,
    records,
    task_parameters,
    versions,
)


def apply() -> None:
    """Again is the same as once."""
    for patch in PATCHES:
        patch.apply()
