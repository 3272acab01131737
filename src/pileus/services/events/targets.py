"""Targets of a rule: up to five, each with what it gets and what becomes of failures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pileus.kernel import arns
from pileus.services.events import errors, inputs, pages, rules, store

if TYPE_CHECKING:
    from pileus.kernel.call import Call

# docs: eb-quota, targets per rule
TARGETS_MAX = 5
_INPUTS = ("Input", "InputPath", "InputTransformer")
# docs: API_PutTargets, API_Target; services that EventBridge reaches by a role of the user's.
_NEED_ROLE = ("kinesis", "firehose", "states", "ecs", "batch")
# Members that belong to targets of certain services; those of SQS are taken by all.
_PARAMETERS_OF = {
    "AppSyncParameters": ("appsync",),
    "BatchParameters": ("batch",),
    "EcsParameters": ("ecs",),
    "HttpParameters": ("events", "execute-api"),
    "KinesisParameters": ("kinesis",),
    "RedshiftDataParameters": ("redshift", "redshift-serverless"),
    "RunCommandParameters": ("ssm", "ec2"),
    "SageMakerPipelineParameters": ("sagemaker",),
}
_NEED_PARAMETERS = {"ecs": "EcsParameters", "batch": "BatchParameters"}


def put_targets(
    call: Call, *, rule: str, event_bus_name: str | None = None, targets: list[dict[str, Any]]
) -> dict[str, Any]:
    found = store.find_rule(call.tx, call.about, rule)
    given = [target["Id"] for target in targets]
    for target in targets:
        if given.count(target["Id"]) > 1:
            raise errors.repeated_target(target["Id"])
        check(target)
    merged = {target["Id"]: target for target in (*found.targets, *targets)}
    if len(merged) > TARGETS_MAX:
        raise errors.limit_exceeded()
    rules.change_targets(call, rule, tuple(merged.values()))
    return {"FailedEntryCount": 0, "FailedEntries": []}


def check(target: dict[str, Any]) -> None:
    """Raise AWS's error for a target that cannot be."""
    arn, target_id = target["Arn"], target["Id"]
    parts = arns.parse(arn)
    if parts is None or not parts.resource:
        raise errors.invalid_target_arn(arn)
    if sum(name in target for name in _INPUTS) > 1:
        raise errors.several_inputs(target_id)
    if parts.service == "sqs" and arn.endswith(".fifo") and "SqsParameters" not in target:
        raise errors.missing_for_target("SqsParameters", target_id)
    needed = _NEED_PARAMETERS.get(parts.service)
    if needed is not None and needed not in target:
        raise errors.missing_for_target(needed, target_id)
    for member, services in _PARAMETERS_OF.items():
        if member in target and parts.service not in services:
            raise errors.not_for_target(member, target_id)
    if parts.service in _NEED_ROLE and not target.get("RoleArn"):
        raise errors.role_required(arn)
    letters = (target.get("DeadLetterConfig") or {}).get("Arn")
    if letters is not None:
        queue = arns.parse(letters)
        if queue is None:
            raise errors.invalid_target_arn(letters)
        if queue.service != "sqs":
            raise errors.no_dead_letter_resource(queue.service)
        if letters.endswith(".fifo"):
            raise errors.fifo_dead_letters()
    inputs.check(target)


def remove_targets(
    call: Call,
    *,
    rule: str,
    event_bus_name: str | None = None,
    ids: list[str],
    force: bool | None = None,
) -> dict[str, Any]:
    found = store.find_rule(call.tx, call.about, rule)
    kept = tuple(target for target in found.targets if target["Id"] not in ids)
    if len(kept) < len(found.targets):
        rules.change_targets(call, rule, kept, is_forced=bool(force))
    return {"FailedEntryCount": 0, "FailedEntries": []}


def list_targets_by_rule(
    call: Call,
    *,
    rule: str,
    event_bus_name: str | None = None,
    next_token: str | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    after = pages.after(next_token)
    found = store.find_rule(call.tx, call.about, rule)
    targets = sorted(
        (target for target in found.targets if target["Id"] > after), key=lambda each: each["Id"]
    )
    page, token = pages.cut(targets, limit, lambda target: str(target["Id"]))
    return {"Targets": list(page), **token}


def list_rule_names_by_target(
    call: Call,
    *,
    target_arn: str,
    event_bus_name: str | None = None,
    next_token: str | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    store.find_bus(call.tx, call.about)
    size = limit or pages.PAGE_MAX
    found = store.rules_of_target(
        call.tx, call.about, target_arn, pages.after(next_token), size + 1
    )
    page, token = pages.cut(found, limit, str)
    return {"RuleNames": list(page), **token}
