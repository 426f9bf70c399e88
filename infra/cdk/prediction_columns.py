"""The table of predictions: a column for each member of the log line of a request, a partition for each day."""

from dataclasses import dataclass

from aws_cdk import Aws
from aws_cdk import aws_glue as glue
from constructs import Construct

COLUMNS = {
    "logged_at": "string",
    "level": "string",
    "location": "string",
    "message": "string",
    "service": "string",
    "release": "string",
    "request_id": "string",
    "method": "string",
    "path": "string",
    "status": "int",
    "latency_ms": "double",
    "caller": "string",
    "models": "map<string,string>",
    "predictions": "map<string,map<string,int>>",
    "figures": "string",  # JSON: a regressor's value of one row, or what the values of several are like
    "refused": "string",
    "feature_store": "string",
    "xray_trace_id": "string",
}
RENAMED = {"logged_at": "timestamp", "figures": "values"}  # column: member; SQL keeps those two words for itself
NAME = "predictions"
SERDE = "org.apache.hadoop.hive.ql.io.parquet"


@dataclass(frozen=True)
class PredictionTable:
    database_name: str
    ref: str


def prediction_table(scope: Construct, *, service: str, location: str) -> PredictionTable:
    """Athena finds the days by itself: no crawler runs, no partition is ever added."""
    name = f"serinus_{service.replace('-', '_')}"
    database = glue.CfnDatabase(
        scope,
        "Database",
        catalog_id=Aws.ACCOUNT_ID,
        database_input=glue.CfnDatabase.DatabaseInputProperty(name=name, description=f"What {service} predicted"),
    )
    table = glue.CfnTable(
        scope,
        "Table",
        catalog_id=Aws.ACCOUNT_ID,
        database_name=database.ref,
        table_input=glue.CfnTable.TableInputProperty(
            name=NAME,
            table_type="EXTERNAL_TABLE",
            partition_keys=[glue.CfnTable.ColumnProperty(name="dt", type="date")],
            parameters=_projected(location),
            storage_descriptor=_stored(location),
        ),
    )
    return PredictionTable(name, table.ref)


def _projected(location: str) -> dict[str, str]:
    return {
        "classification": "parquet",
        "projection.enabled": "true",
        "projection.dt.type": "date",
        "projection.dt.format": "yyyy-MM-dd",
        "projection.dt.range": "2025-01-01,NOW",
        "storage.location.template": location + "dt=${dt}/",
    }


def _stored(location: str) -> glue.CfnTable.StorageDescriptorProperty:
    return glue.CfnTable.StorageDescriptorProperty(
        location=location,
        columns=[glue.CfnTable.ColumnProperty(name=name, type=type) for name, type in COLUMNS.items()],
        input_format=f"{SERDE}.MapredParquetInputFormat",
        output_format=f"{SERDE}.MapredParquetOutputFormat",
        serde_info=glue.CfnTable.SerdeInfoProperty(serialization_library=f"{SERDE}.serde.ParquetHiveSerDe"),
    )
