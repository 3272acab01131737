"""What the default event bus hears of images."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from support.oci_images import RegistryClient, entry, image, layer
from support.running import Running


def test_pushes_and_deletions_are_told_to_the_default_bus(
    pileus: Running, aws: Callable[..., Any], registry: RegistryClient, ecr: Any, account: str,
    repository: str,
) -> None:  # fmt: skip
    sqs, events = aws("sqs"), aws("events")
    queue = sqs.create_queue(QueueName="heard")["QueueUrl"]
    events.put_rule(Name="images", EventPattern=json.dumps({"source": ["aws.ecr"]}))
    arn = f"arn:aws:sqs:us-east-1:{account}:heard"
    events.put_targets(Rule="images", Targets=[{"Id": "1", "Arn": arn}])
    made = image(layer(entry("a")))
    for _ in range(2):
        # What changes nothing is not told again.
        registry.push(repository, made, "v1")
    registry.push(repository, made, "v2")
    ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": "v2"}])
    registry.ask("DELETE", f"/v2/{repository}/manifests/{made.digest}")
    pileus.advance(0)
    heard = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    told = [json.loads(message["Body"]) for message in heard]
    assert {("ECR Image Action", "aws.ecr", account)} == {
        (each["detail-type"], each["source"], each["account"]) for each in told
    }
    common = {"result": "SUCCESS", "repository-name": repository, "image-digest": made.digest}
    expected = [
        {**common, "action-type": "PUSH", "image-tag": "v1"},
        {**common, "action-type": "PUSH", "image-tag": "v2"},
        {**common, "action-type": "DELETE", "image-tag": "v2"},
        {**common, "action-type": "DELETE"},
    ]
    key = json.dumps
    assert sorted(expected, key=key) == sorted([each["detail"] for each in told], key=key)
