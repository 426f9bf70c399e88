"""AWS::KinesisFirehose::*, AWS::Glue::*, AWS::StepFunctions::* and AWS::SSM::*: what is made of what is written."""

import json
from typing import Any

from localaws.formation.resources import Kind, Made, Resource, Wanted, put


def create_stream(wanted: Wanted) -> Made:
    name = wanted.get("DeliveryStreamName") or wanted.name(64)
    settings = wanted.but("DeliveryStreamName")
    arn = wanted.call("firehose", "create_delivery_stream", settings, DeliveryStreamName=name)["DeliveryStreamARN"]
    return Made(name, {"Arn": arn})


def create_database(wanted: Wanted) -> Made:
    about = {**wanted["DatabaseInput"]}
    name = about.pop("Name", None) or wanted.name(64).lower().replace("-", "_")
    wanted.call("glue", "create_database", {"DatabaseInput": {**about, "Name": name}})
    return Made(name)


def create_table(wanted: Wanted) -> Made:
    about = {**wanted["TableInput"]}
    name = about.pop("Name", None) or wanted.name(64).lower().replace("-", "_")
    database = wanted["DatabaseName"]
    wanted.call("glue", "create_table", {"DatabaseName": database, "TableInput": {**about, "Name": name}})
    return Made(name)


def update_table(wanted: Wanted, before: Resource) -> Made:
    table = {**wanted["TableInput"], "Name": before.made.ref}
    wanted.call("glue", "update_table", {"DatabaseName": wanted["DatabaseName"], "TableInput": table})
    return before.made


def create_machine(wanted: Wanted) -> Made:
    """moto's own handler makes them where nothing executes them."""
    name = wanted.get("StateMachineName") or wanted.name(80)
    more = {"type": wanted.get("StateMachineType", "STANDARD"), "definition": _definition(wanted)}
    settings = wanted.only("RoleArn", "LoggingConfiguration", "TracingConfiguration", "EncryptionConfiguration", "Tags")
    answer = wanted.call("stepfunctions", "create_state_machine", settings, name=name, **more)
    arn = answer["stateMachineArn"]
    return Made(arn, {"Arn": arn, "Name": name, "StateMachineRevisionId": "INITIAL"})


def update_machine(wanted: Wanted, before: Resource) -> Made:
    settings = wanted.only("RoleArn", "LoggingConfiguration", "TracingConfiguration")
    more = {"stateMachineArn": before.made.ref, "definition": _definition(wanted)}
    wanted.call("stepfunctions", "update_state_machine", settings, **more)
    return before.made


def _definition(wanted: Wanted) -> str:
    definition: Any = wanted.get("DefinitionString") or wanted["Definition"]
    text = definition if isinstance(definition, str) else json.dumps(definition)
    for name, value in wanted.get("DefinitionSubstitutions", {}).items():
        text = text.replace(f"${{{name}}}", str(value))
    return text


def write_parameter(wanted: Wanted) -> Made:
    name = wanted.get("Name") or f"{wanted.stack}-{wanted.logical_id}"
    wanted.call("ssm", "put_parameter", wanted.but("Name", "Tags"), Name=name, Overwrite=True)
    return Made(name, {"Type": wanted["Type"], "Value": wanted["Value"]})


KINDS = (
    Kind(
        "AWS::KinesisFirehose::DeliveryStream",
        create_stream,
        lambda wanted, made: wanted.client("firehose").delete_delivery_stream(DeliveryStreamName=made.ref),
    ),
    Kind(
        "AWS::Glue::Database",
        create_database,
        lambda wanted, made: wanted.client("glue").delete_database(Name=made.ref),
    ),
    Kind(
        "AWS::Glue::Table",
        create_table,
        lambda wanted, made: wanted.client("glue").delete_table(DatabaseName=wanted["DatabaseName"], Name=made.ref),
        update_table,
        frozenset({"DatabaseName"}),
    ),
    Kind(
        "AWS::StepFunctions::StateMachine",
        create_machine,
        lambda wanted, made: wanted.client("stepfunctions").delete_state_machine(stateMachineArn=made.ref),
        update_machine,
        frozenset({"StateMachineName", "StateMachineType"}),
    ),
    put(
        "AWS::SSM::Parameter",
        write_parameter,
        lambda wanted, made: wanted.client("ssm").delete_parameter(Name=made.ref),
        "Name",
    ),
)
