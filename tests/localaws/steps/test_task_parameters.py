"""Developer Guide of Step Functions, "Integrating optimized services with Step Functions"."""

import json

from tests.localaws.steps.machines import PASS, create, distributed, run


def task(resource, **parameters):
    state = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": parameters, "End": True}
    return {"StartAt": "Do", "States": {"Do": state}}


def test_a_nested_execution_is_started_with_pascal_case_parameters(aws):
    inner = create(aws, PASS)
    machine = task("states:startExecution.sync:2", StateMachineArn=inner, Input={"rows": 3})
    output = json.loads(run(aws, machine)["output"])
    assert (output["Status"], output["Output"]) == ("SUCCEEDED", {"rows": 3})
    assert isinstance(output["StartDate"], int)


def test_a_batch_job_is_submitted_and_waited_for(aws, batch_queue):
    machine = task("batch:submitJob.sync", JobName="score", JobQueue=batch_queue, JobDefinition="score")
    ended = run(aws, machine)
    assert (ended["status"], json.loads(ended["output"])["Status"]) == ("SUCCEEDED", "SUCCEEDED")


def test_an_ecs_task_is_run_with_pascal_case_parameters(aws):
    aws("ecs").create_cluster(clusterName="gpu")
    container = {"name": "score", "image": "score", "cpu": 1, "memory": 1}
    aws("ecs").register_task_definition(family="score", containerDefinitions=[container])
    network = {"AwsvpcConfiguration": {"Subnets": subnets(aws), "SecurityGroups": []}}
    machine = task(
        "ecs:runTask", Cluster="gpu", TaskDefinition="score", LaunchType="FARGATE", NetworkConfiguration=network
    )
    ended = run(aws, machine)
    assert ended["status"] == "SUCCEEDED", ended
    assert json.loads(ended["output"])["Tasks"][0]["ClusterArn"].endswith("cluster/gpu")


def test_tasks_of_many_items_run_at_once(aws):
    aws("sqs").create_queue(QueueName="items")
    url = aws("sqs").get_queue_url(QueueName="items")["QueueUrl"]
    send = task("sqs:sendMessage", QueueUrl=url, **{"MessageBody.$": "States.JsonToString($)"})
    ended = run(aws, distributed(send, ItemsPath="$.items", MaxConcurrency=8), {"items": list(range(40))})
    assert ended["status"] == "SUCCEEDED", ended
    counted = aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    assert counted["Attributes"]["ApproximateNumberOfMessages"] == "40"


def subnets(aws):
    return [subnet["SubnetId"] for subnet in aws("ec2").describe_subnets()["Subnets"]][:1]


def test_moto_still_passes_parameters_on_as_they_are(plain_moto):
    assert plain_moto["parameters"], "moto no longer needs localaws/task_parameters: drop it"
