"""What a template says of a resource is what its service knows of it afterwards."""

import json

from tests.localaws.stacks.resources import ROLE, function

KEY = {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Version": "2012-10-17", "Statement": []}}}


def test_a_bucket_keeps_all_its_settings(aws, stack):
    rule = {"Id": "old", "Status": "Enabled", "ExpirationInDays": 90, "Prefix": "monitoring/"}
    encrypted = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Fn::GetAtt": ["Key", "Arn"]}}
    said = {
        "VersioningConfiguration": {"Status": "Enabled"},
        "LifecycleConfiguration": {"Rules": [rule]},
        "NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": True}},
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [
                {"ServerSideEncryptionByDefault": encrypted, "BucketKeyEnabled": True}
            ]
        },
        "PublicAccessBlockConfiguration": {"BlockPublicAcls": True, "RestrictPublicBuckets": "true"},
    }
    stack.create({"Key": KEY, "Bucket": {"Type": "AWS::S3::Bucket", "Properties": said}})
    s3, name = aws("s3"), stack.ids["Bucket"]
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    [kept] = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert (kept["ID"], kept["Expiration"]["Days"], kept["Filter"]["Prefix"]) == ("old", 90, "monitoring/")
    [by_default] = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert by_default["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"].endswith(stack.ids["Key"])
    blocked = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    assert (blocked["BlockPublicAcls"], blocked["RestrictPublicBuckets"]) == (True, True)


def test_a_bucket_tells_event_bridge_when_it_is_to(aws, stack):
    told = {"NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}}
    targets = [{"Id": "queue", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}]
    rule = {"EventPattern": {"source": ["aws.s3"], "detail-type": ["Object Created"]}, "Targets": targets}
    stack.create(
        {
            "Silent": {"Type": "AWS::S3::Bucket"},
            "Telling": {"Type": "AWS::S3::Bucket", "Properties": told},
            "Queue": {"Type": "AWS::SQS::Queue"},
            "Rule": {"Type": "AWS::Events::Rule", "Properties": rule},
        }
    )
    for name in ("Silent", "Telling"):
        aws("s3").put_object(Bucket=stack.ids[name], Key="in/rows.csv", Body=b"1")
    [event] = aws("sqs").receive_message(QueueUrl=stack.ids["Queue"], MaxNumberOfMessages=10)["Messages"]
    assert json.loads(event["Body"])["detail"]["bucket"]["name"] == stack.ids["Telling"]


def test_a_table_is_encrypted_recoverable_and_forgets(aws, stack):
    key = {"AttributeName": "pk", "KeyType": "HASH"}
    replica = {"Region": "us-east-1", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
    said = {
        "KeySchema": [key],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
        "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True},
        "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS"},
        "Replicas": [{**replica, "SSESpecification": {"KMSMasterKeyId": {"Fn::GetAtt": ["Key", "Arn"]}}}],
    }
    stack.create({"Key": KEY, "Table": {"Type": "AWS::DynamoDB::GlobalTable", "Properties": said}})
    dynamodb, name = aws("dynamodb"), stack.ids["Table"]
    table = dynamodb.describe_table(TableName=name)["Table"]
    assert table["SSEDescription"]["KMSMasterKeyArn"].endswith(stack.ids["Key"])
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["AttributeName"] == "ttl"


def test_a_function_is_what_it_says_and_changes_in_place(aws, stack):
    said = {"MemorySize": 1769, "Timeout": 10, "Environment": {"Variables": {"A": "1"}}}
    image = {"ImageConfig": {"Command": ["functions.predict.handler.handler"]}}
    more = {"SnapStart": {"ApplyOn": "PublishedVersions"}, "ReservedConcurrentExecutions": 3}
    stack.create(function("one", "V1", **said, **image, **more))
    lambdas, name = aws("lambda"), stack.ids["Function"]
    is_now = lambdas.get_function(FunctionName=name)
    assert (is_now["Configuration"]["MemorySize"], is_now["Configuration"]["Timeout"]) == (1769, 10)
    assert is_now["Configuration"]["Environment"] == {"Variables": {"A": "1"}}
    assert is_now["Concurrency"] == {"ReservedConcurrentExecutions": 3}
    stack.update(function("one", "V2", **{**said, "Environment": {"Variables": {"A": "2"}}}, **image))
    changed = lambdas.get_function(FunctionName=name)
    assert (stack.ids["Function"], changed["Configuration"]["Environment"]["Variables"]["A"]) == (name, "2")
    assert "Concurrency" not in changed
    first = lambdas.get_function_configuration(FunctionName=name, Qualifier="1")
    assert first["Environment"]["Variables"]["A"] == "1"


def test_a_state_machine_of_a_stack_runs(aws, stack):
    definition = {"StartAt": "Say", "States": {"Say": {"Type": "Pass", "Result": {"at": "${Word}"}, "End": True}}}
    said = {
        "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
        "DefinitionString": json.dumps(definition),
        "DefinitionSubstitutions": {"Word": {"Ref": "AWS::Region"}},
    }
    stack.create({"Role": ROLE, "Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": said}})
    states = aws("stepfunctions")
    execution = states.start_execution(stateMachineArn=stack.ids["Machine"])["executionArn"]
    while (now := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        pass
    assert (now["status"], json.loads(now["output"])) == ("SUCCEEDED", {"at": "us-east-1"})


def test_a_rule_tells_its_targets_and_after_a_change_only_those(aws, stack):
    def rule(*queues: str) -> dict[str, object]:
        targets = [{"Id": name, "Arn": {"Fn::GetAtt": [name, "Arn"]}} for name in queues]
        said = {"EventPattern": {"source": ["tests"]}, "Targets": targets}
        queue = {"Type": "AWS::SQS::Queue"}
        return {"One": queue, "Two": queue, "Rule": {"Type": "AWS::Events::Rule", "Properties": said}}

    stack.create(rule("One"))
    stack.update(rule("Two"))
    aws("events").put_events(Entries=[{"Source": "tests", "DetailType": "x", "Detail": "{}"}])
    told = {
        name: len(aws("sqs").receive_message(QueueUrl=stack.ids[name]).get("Messages", [])) for name in ("One", "Two")
    }
    assert told == {"One": 0, "Two": 1}


def test_alarms_follow_their_template(aws, stack):
    def alarms(threshold: float) -> dict[str, object]:
        metric = {"Namespace": "Serinus", "MetricName": "errors", "Statistic": "Sum", "Period": 60}
        said = {"EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold", "Threshold": threshold, **metric}
        one = {"Type": "AWS::CloudWatch::Alarm", "Properties": said}
        rule = {"AlarmRule": {"Fn::Sub": 'ALARM("${One}")'}, "AlarmName": f"{stack.name}-both"}
        return {"One": one, "Both": {"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": rule}}

    assert stack.create(alarms(5)) == "CREATE_COMPLETE"
    ids = stack.ids
    stack.update(alarms(7.5))
    cloudwatch = aws("cloudwatch")
    [one] = cloudwatch.describe_alarms(AlarmNames=[ids["One"]])["MetricAlarms"]
    assert one["Threshold"] == 7.5
    aws("cloudformation").delete_stack(StackName=stack.name)
    assert cloudwatch.describe_alarms(AlarmNames=[ids["One"]])["MetricAlarms"] == []
