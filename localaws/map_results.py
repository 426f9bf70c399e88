"""Write what a Distributed Map's items came to into S3.

AWS ("ResultWriter (Map)", Developer Guide): under PREFIX/MAP-RUN-UUID lie manifest.json and, for each status that some
child execution has, SUCCEEDED_n.json, FAILED_n.json and PENDING_n.json: lists of executions with Input and Output as
JSON text, or Error and Cause. They are there too when the map run failed. A new n starts at 5 GB: here n is always 0.
moto: writes a manifest that names no file, and none when the map run failed.
"""

import json
from typing import Any

from botocore.exceptions import ClientError
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.distributed_iteration_component import (
    DistributedIterationComponent,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.result_writer.resource_eval.resource_eval_s3 import (
    ResourceEvalS3,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.state_map import StateMap

from localaws.map_failures import map_failure
from localaws.map_run import Child
from localaws.patching import Function, override

STATUSES = ("FAILED", "PENDING", "SUCCEEDED")


def apply() -> None:
    override(ResourceEvalS3, "_handle_put_object", _writing)
    override(StateMap, "_eval_execution", _writing_after_failure)


def _writing(_: Function) -> Function:
    def handle_put_object(env: Any, resource_runtime_part: Any, state_credentials: Any) -> None:
        parameters = env.stack.pop()
        env.stack.pop()  # the outputs of the items: with a ResultWriter the state's result is where they lie
        client = ResourceEvalS3._get_s3_client(resource_runtime_part, state_credentials)
        record = env.map_run_record_pool_manager.get_all()[-1]
        try:
            key = _write(client, record, parameters)
        except ClientError as error:
            raise map_failure(env, StatesErrorNameType.StatesResultWriterFailed, str(error)) from error
        details = {"Bucket": parameters["Bucket"], "Key": key}
        env.stack.append({"MapRunArn": record.map_run_arn, "ResultWriterDetails": details})

    return handle_put_object


def _writing_after_failure(original: Function) -> Function:
    def eval_execution(self: Any, env: Any) -> None:
        runs_before = len(env.map_run_record_pool_manager.get_all())
        try:
            original(self, env)
        except FailureEventException:
            records = env.map_run_record_pool_manager.get_all()
            is_distributed = isinstance(self.iteration_component, DistributedIterationComponent)
            if (
                is_distributed
                and self.result_writer
                and len(records) > runs_before
                and hasattr(records[-1], "children")
            ):
                env.stack.append(None)  # in the place of the outputs
                self.result_writer.eval(env)
                env.stack.pop()
            raise

    return eval_execution


def _write(client: Any, record: Any, parameters: dict[str, Any]) -> str:
    prefix = parameters.get("Prefix") or ""
    folder = f"{prefix.rstrip('/')}/" if prefix else ""
    folder += record.map_run_arn.split(":")[-1]
    files: dict[str, list[dict[str, Any]]] = {status: [] for status in STATUSES}
    for status, executions in _by_status(record).items():
        if executions:
            key, body = f"{folder}/{status}_0.json", json.dumps(executions).encode()
            client.put_object(Bucket=parameters["Bucket"], Key=key, Body=body)
            files[status].append({"Key": key, "Size": len(body)})
    manifest = {"DestinationBucket": parameters["Bucket"], "MapRunArn": record.map_run_arn, "ResultFiles": files}
    client.put_object(Bucket=parameters["Bucket"], Key=f"{folder}/manifest.json", Body=json.dumps(manifest).encode())
    return f"{folder}/manifest.json"


def _by_status(record: Any) -> dict[str, list[dict[str, Any]]]:
    executions: dict[str, list[dict[str, Any]]] = {status: [] for status in STATUSES}
    children = dict(record.children)
    for index, given in enumerate(record.items):
        child = children.get(index)
        if child is None:
            executions["PENDING"].append({"Input": json.dumps(given), "InputDetails": {"Included": True}})
        else:
            file = "SUCCEEDED" if child.status == "SUCCEEDED" else "FAILED"
            executions[file].append(_execution(record, child))
    return executions


def _execution(record: Any, child: Child) -> dict[str, Any]:
    machine = record.map_state_machine_arn
    came_to = (
        {"Output": json.dumps(child.output), "OutputDetails": {"Included": True}}
        if child.status == "SUCCEEDED"
        else {"Error": child.error, "Cause": child.cause}
    )
    return {
        "ExecutionArn": f"{machine.replace(':stateMachine:', ':execution:')}:{child.name}",
        "Input": json.dumps(child.given),
        "InputDetails": {"Included": True},
        "Name": child.name,
        **{field: value for field, value in came_to.items() if value is not None},
        "StartDate": _stamp(child.started),
        "StateMachineArn": machine,
        "Status": child.status,
        "StopDate": _stamp(child.stopped),
    }


def _stamp(moment: Any) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
