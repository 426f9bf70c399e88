"""Read the items of a Distributed Map.

AWS ("ItemReader (Map)", Developer Guide): InputType JSONL is an object per line; s3:listObjectsV2 lists every object
under the prefix, and none when there is none, with times as seconds; what cannot be read is States.ItemReaderFailed.
moto: refuses JSONL; reads the first 1,000 keys; fails with KeyError on an empty prefix; its times are no JSON.
"""

import json
from typing import Any

from botocore.exceptions import ClientError
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader import item_reader_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.eval.resource_eval_s3 import (
    ResourceEvalS3,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.eval.resource_output_transformer import (
    transformer_json,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.reader_config.input_type import InputType

from localaws.map_failures import map_failure
from localaws.patching import Function, override

FAILED = StatesErrorNameType.StatesItemReaderFailed


def apply() -> None:
    override(InputType, "__init__", _knowing_jsonl)
    override(item_reader_decl, "resource_output_transformer_for", _transformer)
    override(ResourceEvalS3, "_handle_list_objects_v2", _listing)
    override(ResourceEvalS3, "_handle_get_object", _reading)


class JsonLines(transformer_json.ResourceOutputTransformerJson):
    def _eval_body(self, env: Any) -> None:
        config, text = env.stack.pop(), env.stack.pop()
        try:
            items = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError as error:
            raise map_failure(env, FAILED, f"a line of the item source is no JSON: {error}") from error
        env.stack.append(items[: config["MaxItemsValue"]])


def _knowing_jsonl(original: Function) -> Function:
    def initialise(self: Any, input_type: str) -> None:
        """The enumeration of moto cannot grow, so a JSONL is a JSON that knows its lines."""
        self.in_lines = input_type == "JSONL"
        original(self, "JSON" if self.in_lines else input_type)

    return initialise


def _transformer(original: Function) -> Function:
    def transformer_for(input_type: Any) -> Any:
        return JsonLines() if input_type.in_lines else original(input_type)

    return transformer_for


def _listing(_: Function) -> Function:
    def handle_list_objects_v2(env: Any, resource_runtime_part: Any, state_credentials: Any) -> None:
        client = ResourceEvalS3._get_s3_client(resource_runtime_part, state_credentials)
        pages = client.get_paginator("list_objects_v2").paginate(**env.stack.pop())
        try:
            env.stack.append([_listed(content) for page in pages for content in page.get("Contents", [])])
        except ClientError as error:
            raise map_failure(env, FAILED, str(error)) from error

    return handle_list_objects_v2


def _listed(content: dict[str, Any]) -> dict[str, Any]:
    return {
        "Etag": content["ETag"],
        "Key": content["Key"],
        "LastModified": int(content["LastModified"].timestamp()),
        "Size": content["Size"],
        "StorageClass": content.get("StorageClass", "STANDARD"),
    }


def _reading(original: Function) -> Function:
    def handle_get_object(env: Any, resource_runtime_part: Any, state_credentials: Any) -> None:
        try:
            original(env, resource_runtime_part, state_credentials)
        except ClientError as error:
            raise map_failure(env, FAILED, str(error)) from error

    return handle_get_object
