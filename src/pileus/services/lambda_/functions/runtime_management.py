"""Operations on when a function or version takes up a newer runtime version: a record."""

from __future__ import annotations

from typing import Any

from pileus.kernel.call import Call
from pileus.services.lambda_ import errors
from pileus.services.lambda_.functions import configurations, function_names, runtime_errors, store
from pileus.services.lambda_.functions.configurations import Function
from pileus.services.lambda_.functions.function_names import LATEST
from pileus.services.lambda_.versions import lookup
from pileus.services.lambda_.versions import store as versions_store

_MANUAL = "Manual"


def put_runtime_management_config(
    call: Call,
    *,
    function_name: str,
    update_runtime_on: str,
    qualifier: str | None = None,
    runtime_version_arn: str | None = None,
) -> dict[str, Any]:
    function = _find(call, function_name, qualifier)
    if update_runtime_on == _MANUAL and not runtime_version_arn:
        raise runtime_errors.runtime_version_needed()
    if update_runtime_on != _MANUAL and runtime_version_arn:
        raise runtime_errors.runtime_version_not_allowed()
    function = configurations.replace(
        function, runtime_updates=update_runtime_on, runtime_version_arn=runtime_version_arn or ""
    )
    if function.is_version:
        versions_store.change_version(call.tx, function)
    else:
        store.save_function(call.tx, function)
    call.tx.wake(function.qualified_arn)
    return _show(function)


def get_runtime_management_config(
    call: Call, *, function_name: str, qualifier: str | None = None
) -> dict[str, Any]:
    return _show(_find(call, function_name, qualifier))


def _find(call: Call, function_name: str, qualifier: str | None) -> Function:
    """docs: "This can be $LATEST or a published version number.\""""
    named = function_names.read(call, function_name, qualifier)
    found = lookup.find(call.tx, named)
    if found.alias is not None:
        raise errors.function_not_found(named.qualified_arn)
    return found.function


def _show(function: Function) -> dict[str, Any]:
    shown = {
        "UpdateRuntimeOn": function.runtime_updates,
        "FunctionArn": f"{function.arn}:{function.version if function.is_version else LATEST}",
    }
    if function.runtime_version_arn:
        shown["RuntimeVersionArn"] = function.runtime_version_arn
    return shown
