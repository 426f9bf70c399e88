"""What was predicted, for the watch over drift: the log line of each request, as Parquet in the service's bucket.

The function only prints. CloudWatch Logs picks the lines, Firehose unpacks and converts them. They hold no features.
"""

from aws_cdk import Aws, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesisfirehose as firehose
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.cdk.log_groups import log_group
from infra.cdk.predict import Predict
from infra.cdk.prediction_columns import NAME, RENAMED, prediction_table
from infra.cdk.rights import may, role_of

PATTERN = '{ $.message = "request" }'
PREFIX = "monitoring/predictions/"
UNREADABLE = "monitoring/unreadable/"
DAY = "dt=!{timestamp:yyyy-MM-dd}/"
TROUBLES_DAYS = 30
BUFFER_MB, BUFFER_S = 64, 300  # the least that Parquet is made of
Stream = firehose.CfnDeliveryStream


class PredictionLog(Construct):
    def __init__(self, scope: Construct, id: str, *, predict: Predict, bucket: s3.IBucket, key: kms.IKey) -> None:
        super().__init__(scope, id)
        self._bucket = bucket
        self._key = key
        location = f"s3://{bucket.bucket_name}/{PREFIX}"
        self._table = prediction_table(self, service=predict.service.name, location=location)
        self._troubles = log_group(self, "Troubles", key=key, days=TROUBLES_DAYS)
        self._stream = logs.CfnLogStream(self, "Stream", log_group_name=self._troubles.log_group_name)
        self.delivery = self._delivery(role_of(self, "Writer", "firehose", self._rights()))
        put = may(["firehose:PutRecord", "firehose:PutRecordBatch"], self.delivery.attr_arn)
        logs.CfnSubscriptionFilter(
            self,
            "Lines",
            log_group_name=predict.logs.log_group_name,
            filter_pattern=PATTERN,
            destination_arn=self.delivery.attr_arn,
            role_arn=role_of(self, "Reader", "logs", [put]).role_arn,
        )

    def _delivery(self, writer: iam.Role) -> firehose.CfnDeliveryStream:
        destination = Stream.ExtendedS3DestinationConfigurationProperty(
            bucket_arn=self._bucket.bucket_arn,
            role_arn=writer.role_arn,
            prefix=PREFIX + DAY,
            error_output_prefix=UNREADABLE + "!{firehose:error-output-type}/" + DAY,
            buffering_hints=Stream.BufferingHintsProperty(interval_in_seconds=BUFFER_S, size_in_m_bs=BUFFER_MB),
            compression_format="UNCOMPRESSED",  # Parquet compresses itself
            cloud_watch_logging_options=Stream.CloudWatchLoggingOptionsProperty(
                enabled=True, log_group_name=self._troubles.log_group_name, log_stream_name=self._stream.ref
            ),
            processing_configuration=_unpacked(),
            data_format_conversion_configuration=self._converted(writer),
        )
        return Stream(
            self,
            "Delivery",
            delivery_stream_type="DirectPut",
            delivery_stream_encryption_configuration_input=Stream.DeliveryStreamEncryptionConfigurationInputProperty(
                key_type="CUSTOMER_MANAGED_CMK", key_arn=self._key.key_arn
            ),
            extended_s3_destination_configuration=destination,
        )

    def _converted(self, writer: iam.Role) -> Stream.DataFormatConversionConfigurationProperty:
        lines = Stream.OpenXJsonSerDeProperty(case_insensitive=True, column_to_json_key_mappings=RENAMED)
        parquet = Stream.ParquetSerDeProperty(compression="SNAPPY")
        return Stream.DataFormatConversionConfigurationProperty(
            enabled=True,
            input_format_configuration=Stream.InputFormatConfigurationProperty(
                deserializer=Stream.DeserializerProperty(open_x_json_ser_de=lines)
            ),
            output_format_configuration=Stream.OutputFormatConfigurationProperty(
                serializer=Stream.SerializerProperty(parquet_ser_de=parquet)
            ),
            schema_configuration=Stream.SchemaConfigurationProperty(
                catalog_id=Aws.ACCOUNT_ID,
                database_name=self._table.database_name,
                table_name=self._table.ref,
                region=Stack.of(self).region,
                role_arn=writer.role_arn,
                version_id="LATEST",
            ),
        )

    def _rights(self) -> list[iam.PolicyStatement]:
        bucket, catalogue = self._bucket.bucket_arn, f"arn:{Aws.PARTITION}:glue:{Aws.REGION}:{Aws.ACCOUNT_ID}"
        database = self._table.database_name
        tables = [f"{catalogue}:catalog", f"{catalogue}:database/{database}", f"{catalogue}:table/{database}/{NAME}"]
        objects = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
        return [
            may(objects, f"{bucket}/{PREFIX}*", f"{bucket}/{UNREADABLE}*"),
            may(["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"], bucket),
            may(["kms:Decrypt", "kms:GenerateDataKey"], self._key.key_arn),
            may(["glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"], *tables),
            may(["logs:PutLogEvents"], self._troubles.log_group_arn),
        ]


def _unpacked() -> Stream.ProcessingConfigurationProperty:
    """CloudWatch Logs sends gzip of envelopes, with several lines in each; what is wanted are the lines."""

    def step(kind: str, name: str, value: str) -> Stream.ProcessorProperty:
        parameter = Stream.ProcessorParameterProperty(parameter_name=name, parameter_value=value)
        return Stream.ProcessorProperty(type=kind, parameters=[parameter])

    steps = [
        step("Decompression", "CompressionFormat", "GZIP"),
        step("CloudWatchLogProcessing", "DataMessageExtraction", "true"),
    ]
    return Stream.ProcessingConfigurationProperty(enabled=True, processors=steps)
