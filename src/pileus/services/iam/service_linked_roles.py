"""Operations on roles that belong to a service."""

from __future__ import annotations

import json
from typing import Any

from pileus.kernel.call import Call
from pileus.services.iam import entities, errors, roles, store
from pileus.services.iam.entities import ROLE, SESSION_SECONDS

# Names that do not follow from the service's: recorded from AWS.
_NAMES = {
    "autoscaling.amazonaws.com": "AWSServiceRoleForAutoScaling",
    "ecs.amazonaws.com": "AWSServiceRoleForECS",
    "eks.amazonaws.com": "AWSServiceRoleForAmazonEKS",
    "elasticloadbalancing.amazonaws.com": "AWSServiceRoleForElasticLoadBalancing",
    "opensearchservice.amazonaws.com": "AWSServiceRoleForAmazonOpenSearchService",
    "ops.apigateway.amazonaws.com": "AWSServiceRoleForAPIGateway",
    "rds.amazonaws.com": "AWSServiceRoleForRDS",
    "batch.amazonaws.com": "AWSServiceRoleForBatch",
    "mq.amazonaws.com": "AWSServiceRoleForAmazonMQ",
    "replication.dynamodb.amazonaws.com": "AWSServiceRoleForDynamoDBReplication",
    "events.amazonaws.com": "AWSServiceRoleForCloudWatchEvents",
    "apidestinations.events.amazonaws.com": "AWSServiceRoleForAmazonEventBridgeApiDestinations",
    "spot.amazonaws.com": "AWSServiceRoleForEC2Spot",
}
# Services that take a suffix; all others refuse one.
_WITH_SUFFIX = frozenset(
    {"autoscaling.amazonaws.com", "lex.amazonaws.com", "connect.amazonaws.com"}
)
_DOMAIN = ".amazonaws.com"


def create_service_linked_role(
    call: Call,
    *,
    aws_service_name: str,
    description: str = "",
    custom_suffix: str | None = None,
) -> dict[str, Any]:
    if custom_suffix is not None and aws_service_name not in _WITH_SUFFIX:
        raise errors.custom_suffix_not_allowed(aws_service_name)
    name = _role_name(aws_service_name)
    if custom_suffix is not None:
        name = f"{name}_{custom_suffix}"
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Action": ["sts:AssumeRole"],
                "Effect": "Allow",
                "Principal": {"Service": [aws_service_name]},
            }
        ],
    }
    role = entities.new(call, ROLE, f"{roles.SERVICE_PATH}{aws_service_name}/", name)._replace(
        description=description,
        trust_policy=json.dumps(trust, separators=(",", ":")),
        session_seconds_max=SESSION_SECONDS,
    )
    if not store.add_entity(call.tx, call.account, role):
        raise errors.service_role_taken(name)
    answer = roles.described(call.tx, role)
    return {"Role": answer}


def delete_service_linked_role(call: Call, *, role_name: str) -> dict[str, str]:
    """AWS deletes some time after; here it has happened when the task's id is answered."""
    role = entities.find(call.tx, call.account, ROLE, role_name)
    if not role.path.startswith(roles.SERVICE_PATH):
        raise errors.not_found(ROLE.noun, role_name)
    roles.remove(call, role)
    return {"DeletionTaskId": f"task{role.path}{role.name}/{call.kernel.ids.uuid()}"}


def get_service_linked_role_deletion_status(call: Call, *, deletion_task_id: str) -> dict[str, str]:
    if not deletion_task_id.startswith(f"task{roles.SERVICE_PATH}"):
        raise errors.deletion_task_not_found(deletion_task_id)
    return {"Status": "SUCCEEDED"}


def _role_name(service: str) -> str:
    known = _NAMES.get(service)
    if known is not None:
        return known
    words = service.removesuffix(_DOMAIN).replace("-", ".").split(".")
    return "AWSServiceRoleFor" + "".join(word.capitalize() for word in words)
