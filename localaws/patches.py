"""Everything that localaws changes of moto in this process. Each patch is a module that says what AWS does instead."""

from localaws import (
    bucket_logging,
    executions,
    invoking,
    machine_errors,
    map_definition,
    map_reader,
    map_results,
    map_run,
    names,
    task_parameters,
)
from localaws.formation import moto_stacks

PATCHES = (
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
    task_parameters,
)


def apply() -> None:
    """Again is the same as once."""
    for patch in PATCHES:
        patch.apply()
