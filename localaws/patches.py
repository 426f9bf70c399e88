"""Everything that localaws changes of moto in this process. Each patch is a module that says what AWS does instead."""

from localaws import (
    alarm_actions,
    alarms,
    aliases,
    bucket_logging,
    deliveries,
    event_targets,
    execution_results,
    executions,
    invoking,
    log_filters,
    machine_errors,
    map_definition,
    map_reader,
    map_results,
    map_run,
    metric_queries,
    names,
    object_events,
    packed_metrics,
    permissions,
    provisioned,
    records,
    repeated_transactions,
    task_parameters,
    versions,
    worker_logs,
)
from localaws.formation import moto_stacks
from localaws.rest_api import patches as rest_api

PATCHES = (
    alarm_actions,
    alarms,
    aliases,
    bucket_logging,
    deliveries,
    event_targets,
    execution_results,
    executions,
    invoking,
    log_filters,
    machine_errors,
    map_definition,
    map_reader,
    map_results,
    map_run,
    metric_queries,
    moto_stacks,
    names,
    object_events,
    packed_metrics,
    permissions,
    provisioned,
    records,
    repeated_transactions,
    rest_api,
    task_parameters,
    versions,
    worker_logs,
)


def apply() -> None:
    """Again is the same as once."""
    for patch in PATCHES:
        patch.apply()
