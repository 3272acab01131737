"""Sampling rules: kept, listed, and told to SDKs as targets."""

from __future__ import annotations

from typing import Any

import msgspec

from pileus.kernel.call import Call
from pileus.services.xray import errors, store
from pileus.services.xray.store import RuleRow

# docs: general/latest/gr/xray: 25 sampling rules for a region
RULES_MAX = 25
DEFAULT_NAME = "Default"
_INTERVAL_SECONDS = 10
# docs: xray/latest/devguide/xray-console-sampling: one request a second and five percent.
_DEFAULT = {
    "ResourceARN": "*", "Priority": 10_000, "FixedRate": 0.05, "ReservoirSize": 1,
    "ServiceName": "*", "ServiceType": "*", "Host": "*", "HTTPMethod": "*", "URLPath": "*",
    "Version": 1, "Attributes": {},
}  # fmt: skip


def create_sampling_rule(
    call: Call, *, sampling_rule: dict[str, Any], tags: list[dict[str, str]] | None = None
) -> dict[str, Any]:
    name = sampling_rule.get("RuleName")
    if not name:
        raise errors.invalid_request("RuleName is required")
    if sampling_rule["Version"] != 1:
        raise errors.invalid_request("Version must be 1")
    known = store.rules(call.tx, call.about, RULES_MAX + 1)
    if name == DEFAULT_NAME or any(row.name == name for row in known):
        raise errors.rule_exists(name)
    if len([row for row in known if row.name != DEFAULT_NAME]) >= RULES_MAX:
        raise errors.rule_limit()
    kept = {"Attributes": {}, **sampling_rule}
    kept.pop("RuleARN", None)
    _put(call, name, kept, call.now)
    if tags:
        call.tx.put_tags(_arn(call, name), {each["Key"]: each["Value"] for each in tags})
    return {"SamplingRuleRecord": _shown(call, _kept(call, name))}


def update_sampling_rule(call: Call, *, sampling_rule_update: dict[str, Any]) -> dict[str, Any]:
    name = _name(sampling_rule_update)
    row = _kept(call, name)
    changes = {k: v for k, v in sampling_rule_update.items() if k not in ("RuleName", "RuleARN")}
    if name == DEFAULT_NAME and changes.keys() - {"FixedRate", "ReservoirSize"}:
        raise errors.invalid_request(
            "Only FixedRate and ReservoirSize of the default rule can be changed."
        )
    if not 1 <= changes.get("Priority", 1) <= 9_999:
        raise errors.invalid_request("Priority must be between 1 and 9999")
    if not 0 <= changes.get("FixedRate", 0) <= 1 or changes.get("ReservoirSize", 0) < 0:
        raise errors.invalid_request("FixedRate must be from 0 to 1 and ReservoirSize at least 0")
    _put(call, name, {**msgspec.json.decode(row.rule), **changes}, row.created_at)
    return {"SamplingRuleRecord": _shown(call, _kept(call, name))}


def delete_sampling_rule(
    call: Call, *, rule_name: str | None = None, rule_arn: str | None = None
) -> dict[str, Any]:
    name = _name({"RuleName": rule_name, "RuleARN": rule_arn})
    if name == DEFAULT_NAME:
        raise errors.default_rule_stays()
    row = _kept(call, name)
    store.drop_rule(call.tx, call.about, name)
    arn = _arn(call, name)
    call.tx.remove_tags(arn, list(call.tx.tags(arn)))
    return {"SamplingRuleRecord": _shown(call, row)}


def get_sampling_rules(call: Call, *, next_token: str | None = None) -> dict[str, Any]:
    return {"SamplingRuleRecords": [_shown(call, row) for row in _all(call)]}


def get_sampling_targets(
    call: Call, *, sampling_statistics_documents: list[dict[str, Any]]
) -> dict[str, Any]:
    rows = {row.name: row for row in _all(call)}
    targets, unknown = [], []
    for document in sampling_statistics_documents:
        name = document["RuleName"]
        if name not in rows:
            unknown.append({"RuleName": name, "ErrorCode": "400", "Message": "Unknown rule"})
            continue
        rule = msgspec.json.decode(rows[name].rule)
        targets.append(
            {
                "RuleName": name,
                "FixedRate": rule["FixedRate"],
                "ReservoirQuota": rule["ReservoirSize"],
                "ReservoirQuotaTTL": call.now + _INTERVAL_SECONDS * 1000,
                "Interval": _INTERVAL_SECONDS,
            }
        )
    changed = max(row.modified_at for row in rows.values())
    return {
        "SamplingTargetDocuments": targets, "LastRuleModification": changed,
        "UnprocessedStatistics": unknown,
    }  # fmt: skip


def put_telemetry_records(
    call: Call,
    *,
    telemetry_records: list[dict[str, Any]],
    ec2_instance_id: str | None = None,
    hostname: str | None = None,
    resource_arn: str | None = None,
) -> None:
    """Daemons tell how they are; no operation of AWS's tells it on."""


def _all(call: Call) -> list[RuleRow]:
    """In order of priority, the default last; that one is a row only once it was changed."""
    rows = store.rules(call.tx, call.about, RULES_MAX + 1)
    if all(row.name != DEFAULT_NAME for row in rows):
        rows.append(RuleRow(DEFAULT_NAME, msgspec.json.encode(_DEFAULT).decode(), 0, 0))
    return sorted(rows, key=lambda row: (msgspec.json.decode(row.rule)["Priority"], row.name))


def _kept(call: Call, name: str) -> RuleRow:
    for row in _all(call):
        if row.name == name:
            return row
    raise errors.rule_unknown()


def _put(call: Call, name: str, rule: dict[str, Any], created_at: int) -> None:
    store.put_rule(call.tx, call.about, name, msgspec.json.encode(rule).decode(), created_at)


def _name(given: dict[str, Any]) -> str:
    name, arn = given.get("RuleName"), given.get("RuleARN")
    if bool(name) == bool(arn):
        raise errors.invalid_request("Specify a rule by either name or ARN, but not both.")
    return str(name or str(arn).rpartition("/")[2])


def _arn(call: Call, name: str) -> str:
    return call.arn(f"sampling-rule/{name}")


def _shown(call: Call, row: RuleRow) -> dict[str, Any]:
    rule = {**msgspec.json.decode(row.rule), "RuleName": row.name, "RuleARN": _arn(call, row.name)}
    return {"SamplingRule": rule, "CreatedAt": row.created_at, "ModifiedAt": row.modified_at}
