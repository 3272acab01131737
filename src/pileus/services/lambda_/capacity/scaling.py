"""Operations on how many environments a version on a capacity provider has."""

from __future__ import annotations

from typing import Any

from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.lambda_ import errors
from pileus.services.lambda_.capacity import capacity_errors, rules
from pileus.services.lambda_.functions import configurations, function_names
from pileus.services.lambda_.functions.configurations import Function, Scaling
from pileus.services.lambda_.versions import lookup, store

PENDING_SCALING = configurations.Change(
    "Pending", "The execution environments are being started.", "Restoring"
)


def put_function_scaling_config(
    call: Call,
    *,
    function_name: str,
    qualifier: str,
    function_scaling_config: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Without a configuration it goes back to AWS's own."""
    given = function_scaling_config or {}
    scaling = Scaling(given.get("MinExecutionEnvironments"), given.get("MaxExecutionEnvironments"))
    refusal = rules.refuse_scaling(scaling)
    if refusal is not None:
        raise refusal
    version = _managed(call.tx, function_names.read(call, function_name, qualifier))
    if version.state.status == "Pending":
        raise errors.function_in_state("Pending")
    changed = configurations.replace(
        version,
        scaling=None if scaling == Scaling() else scaling,
        state=_state(version, scaling),
        revision_id=call.kernel.ids.uuid(),
    )
    store.change_version(call.tx, changed)
    call.tx.wake(version.qualified_arn)
    return {"FunctionState": changed.status}


def _state(version: Function, scaling: Scaling) -> configurations.Change:
    """What runs goes on to; what did not is started again, and none at the most ends it."""
    if rules.is_off(scaling):
        return rules.OFF
    return configurations.ACTIVE if version.state.status == "Active" else PENDING_SCALING


def get_function_scaling_config(
    call: Call, *, function_name: str, qualifier: str
) -> dict[str, Any]:
    version = _managed(call.tx, function_names.read(call, function_name, qualifier))
    answer: dict[str, Any] = {
        "FunctionArn": version.qualified_arn,
        "AppliedFunctionScalingConfig": _show(version.scaling, is_applied=True),
    }
    if version.scaling is not None:
        answer["RequestedFunctionScalingConfig"] = _show(version.scaling)
    return answer


def _managed(tx: Transaction, named: function_names.Named) -> Function:
    version = lookup.find(tx, named).function
    if version.capacity is None:
        raise capacity_errors.not_managed()
    return version


def _show(scaling: Scaling | None, *, is_applied: bool = False) -> dict[str, Any]:
    least = rules.kept(scaling) if is_applied else scaling.minimum if scaling else None
    found = {
        "MinExecutionEnvironments": least,
        "MaxExecutionEnvironments": scaling.maximum if scaling else None,
    }
    return {name: value for name, value in found.items() if value is not None}
