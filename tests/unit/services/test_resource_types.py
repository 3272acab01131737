"""Resource types name operations and members that the services really have."""

from __future__ import annotations

import pytest

from pileus.aws_models import load
from pileus.kernel.registry import Registry
from pileus.kernel.resource_types import ResourceType
from pileus.kernel.service import Service
from pileus.services.dynamodb.service import DYNAMODB
from pileus.services.events.service import EVENTS
from pileus.services.iam.service import IAM
from pileus.services.kinesis.service import KINESIS
from pileus.services.lambda_.service import LAMBDA
from pileus.services.logs.service import LOGS
from pileus.services.pipes.service import PIPES
from pileus.services.s3.service import S3
from pileus.services.scheduler.service import SCHEDULER

TYPES = [
    (service, kind)
    for service in (DYNAMODB, EVENTS, IAM, KINESIS, LAMBDA, LOGS, PIPES, S3, SCHEDULER)
    for kind in service.resource_types
    if isinstance(kind, ResourceType)
]


@pytest.mark.parametrize(("service", "kind"), TYPES, ids=lambda value: value.name)
def test_operations_and_members_exist(service: Service, kind: ResourceType) -> None:
    registry = Registry([service])
    steps = [*kind.create, *kind.update, *kind.delete, *([kind.read] if kind.read else [])]
    for step in steps:
        operation = registry.operation(service.name, step.operation)
        assert operation is not None
        assert operation.function is not None, f"{step.operation} is not built"
        model = load.load(service.name).operation(step.operation)
        assert model is not None
        assert model.input is not None
        named = {path.partition(".")[0] for path in step.members}
        assert set() == named - model.input.members.keys()
        optional_step = step.needs or step.each
        assert model.input.required <= named or optional_step


def test_there_are_types_to_look_at() -> None:
    assert 22 == len(TYPES)
