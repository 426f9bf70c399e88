"""Alarms look at what is really measured, and the prediction log holds what the function really prints."""

import json
import re
from itertools import count
from typing import Any

import pytest

from functions.predict import lambda_telemetry
from functions.predict.lambda_telemetry import LambdaTelemetry
from functions.predict.lookups import Lookups
from functions.predict.telemetry import Observation, Predicted
from tests.infra.conftest import SERVICES, Synth, Template, name_of, of_type, only

GIVEN_LATER = {"model_drift"}  # by the watch over drift
PRINTERS = count()
TYPES = {"string": str, "int": int, "double": float, "map<string,string>": dict, "map<string,map<string,int>>": dict}


def alarms(template: Template) -> dict[str, Template]:
    return {one["AlarmName"].split("-", 2)[2]: one for one in of_type(template, "AWS::CloudWatch::Alarm").values()}


@pytest.mark.parametrize("service", SERVICES)
def test_every_alarm_tells_the_topic_alone_or_with_others(templates: dict[str, Template], service: str) -> None:
    template = templates[service]
    topic = [{"Ref": name_of(template, "AWS::SNS::Topic")}]
    promise = only(template, "AWS::CloudWatch::CompositeAlarm")
    assert promise["AlarmActions"] == topic
    for name, one in of_type(template, "AWS::CloudWatch::Alarm").items():
        assert one.get("AlarmActions") == topic or name in json.dumps(promise["AlarmRule"])
        assert one["TreatMissingData"] == "notBreaching"


def test_the_promise_is_broken_when_both_windows_of_a_burn_say_so(synth: Synth) -> None:
    template = synth("[slo]\navailability = 0.99\np99_ms = 250\n")
    found = alarms(template)
    windows = {"5m": (300, 14.4), "1h": (3600, 14.4), "30m": (1800, 6), "6h": (21600, 6)}
    for name, (period_s, burn) in windows.items():
        one = found[f"burn-{name}"]
        (rate,) = (query for query in one["Metrics"] if "Expression" in query)
        assert rate["Expression"] == "IF(requests > 0, faults / requests, 0) / 0.01"
        assert {query["MetricStat"]["Period"] for query in one["Metrics"] if "MetricStat" in query} == {period_s}
        assert one["Threshold"] == burn
    names = {name: one["AlarmName"] for name, one in of_type(template, "AWS::CloudWatch::Alarm").items()}
    rule = only(template, "AWS::CloudWatch::CompositeAlarm")["AlarmRule"]["Fn::Join"][1]
    told = "".join(names[part["Fn::GetAtt"][0]] if isinstance(part, dict) else part for part in rule)
    told = re.sub(r'ALARM\("serinus-tiny-burn-(\w+)"\)', r"\1", told)
    assert told == "((5m AND 1h) OR (30m AND 6h))"
    assert found["slow"]["Threshold"] == 250


@pytest.mark.parametrize(("service", "faults"), [("kepler", "5xx"), ("iit", "5XXError")])
def test_faults_and_latency_are_those_of_the_gateway(templates: dict[str, Template], service: str, faults: str) -> None:
    one = alarms(templates[service])["burn-5m"]
    metrics = {query["Id"]: query["MetricStat"]["Metric"] for query in one["Metrics"] if "MetricStat" in query}
    assert (metrics["faults"]["MetricName"], metrics["requests"]["MetricName"]) == (faults, "Count")
    named = {dimension["Name"] for dimension in metrics["faults"]["Dimensions"]}
    assert named == ({"ApiId"} if service == "kepler" else {"ApiName", "Stage"})


@pytest.mark.parametrize("service", SERVICES)
def test_our_own_metrics_are_asked_for_by_the_names_they_are_written_under(
    templates: dict[str, Template], service: str, capsys: pytest.CaptureFixture[str]
) -> None:
    LambdaTelemetry(service, "1").loaded("m", "1.0.0", 0.1)
    written = json.loads(capsys.readouterr().out)["_aws"]["CloudWatchMetrics"][0]
    known = {*lambda_telemetry.LOADED, *lambda_telemetry.PREDICTED, *lambda_telemetry.FAULT, *GIVEN_LATER}
    for what, metric in (("faults", "prediction_errors_total"), ("drift", "model_drift")):
        (query,) = alarms(templates[service])[what]["Metrics"]
        asked = re.fullmatch(r"SELECT \w+\((\w+)\) FROM SCHEMA\((.*)\) WHERE service = '(\w+)'", query["Expression"])
        assert asked
        assert (asked[1], asked[3]) == (metric, service)
        assert asked[1] in known
        namespace, *dimensions = asked[2].split(", ")
        assert namespace.strip('"') == written["Namespace"]
        assert {*dimensions} == {*written["Dimensions"][0]}


@pytest.mark.parametrize("service", SERVICES)
def test_the_dashboard_shows_metrics_that_are_written(templates: dict[str, Template], service: str) -> None:
    body = json.dumps(only(templates[service], "AWS::CloudWatch::Dashboard")["DashboardBody"])
    shown = {*re.findall(r'MetricName=\\+"(\w+)', body)}
    known = {*lambda_telemetry.LOADED, *lambda_telemetry.PREDICTED, *GIVEN_LATER}
    assert shown
    assert shown <= known


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """All that the function prints of two requests, of which the second met trouble."""
    telemetry = LambdaTelemetry(f"printing-{next(PRINTERS)}", "7")  # Python keeps a logger, and its output, by name
    telemetry.loaded("cnn", "1.0.0", 0.1)
    one = Predicted("cnn", "1.0.0", 0.002, {"CONFIRMED": 1})
    other = Predicted("cnn", "1.0.0", 0.002, {"b1": 2}, values=(1.0, 2.0))
    telemetry.answered(
        Observation("r1", "POST", "/predict", 200, 0.003, [one], caller="clinic", lookups=Lookups(hits=1))
    )
    telemetry.answered(
        Observation("r2", "POST", "/predict", 503, 0.003, [other], refused="depth", trouble="no answer in 200 ms")
    )
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_prediction_log_has_a_column_for_each_member_of_a_line(
    templates: dict[str, Template], capsys: pytest.CaptureFixture[str]
) -> None:
    columns = {one["Name"]: one["Type"] for one in glue(templates["kepler"])["StorageDescriptor"]["Columns"]}
    member = renamed(templates["kepler"])
    held: dict[str, Any] = {}
    for line in lines(capsys):
        if line.get("message") == "request":
            held |= line
    traced = held | {"xray_trace_id": "1-5759e988-bd862e3fe1be46a994272793"}  # Powertools adds it in Lambda
    assert {member.get(column, column) for column in columns} == set(traced)
    for column, kind in columns.items():
        value = traced[member.get(column, column)]
        assert isinstance(value, TYPES[kind]) or column == "figures"  # JSON as text, whatever it is


def test_only_lines_of_requests_go_to_the_prediction_log(
    templates: dict[str, Template], capsys: pytest.CaptureFixture[str]
) -> None:
    pattern = only(templates["kepler"], "AWS::Logs::SubscriptionFilter")["FilterPattern"]
    wanted = re.fullmatch(r'\{ \$\.message = "(\w+)" \}', pattern)
    assert wanted
    picked = [line["request_id"] for line in lines(capsys) if line.get("message") == wanted[1]]
    assert picked == ["r1", "r2"]


@pytest.mark.parametrize("service", SERVICES)
def test_predictions_become_parquet_by_the_day(templates: dict[str, Template], service: str) -> None:
    template = templates[service]
    stream = only(template, "AWS::KinesisFirehose::DeliveryStream")["ExtendedS3DestinationConfiguration"]
    assert stream["Prefix"] == "monitoring/predictions/dt=!{timestamp:yyyy-MM-dd}/"
    assert [one["Type"] for one in stream["ProcessingConfiguration"]["Processors"]] == [
        "Decompression",
        "CloudWatchLogProcessing",
    ]
    conversion = stream["DataFormatConversionConfiguration"]
    assert conversion["OutputFormatConfiguration"] == {"Serializer": {"ParquetSerDe": {"Compression": "SNAPPY"}}}
    assert conversion["SchemaConfiguration"]["TableName"] == {"Ref": name_of(template, "AWS::Glue::Table")}
    parameters = glue(template)["Parameters"]
    assert parameters["projection.dt.format"] == "yyyy-MM-dd"
    assert glue(template)["PartitionKeys"] == [{"Name": "dt", "Type": "date"}]


def glue(template: Template) -> dict[str, Any]:
    said: dict[str, Any] = only(template, "AWS::Glue::Table")["TableInput"]
    return said


def renamed(template: Template) -> dict[str, str]:
    stream = only(template, "AWS::KinesisFirehose::DeliveryStream")["ExtendedS3DestinationConfiguration"]
    conversion = stream["DataFormatConversionConfiguration"]["InputFormatConfiguration"]["Deserializer"]
    said: dict[str, str] = conversion["OpenXJsonSerDe"]["ColumnToJsonKeyMappings"]
    return said
