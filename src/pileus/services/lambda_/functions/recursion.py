"""Operations on whether a function may run in a loop with other resources."""

from __future__ import annotations

from typing import Any

from pileus.kernel.call import Call
from pileus.services.lambda_.functions import configurations, function_names, store
from pileus.services.lambda_.versions import lookup


def put_function_recursion_config(
    call: Call, *, function_name: str, recursive_loop: str
) -> dict[str, Any]:
    named = function_names.unqualified(call, function_name)
    function = lookup.latest(call.tx, named)
    store.save_function(call.tx, configurations.replace(function, recursive_loop=recursive_loop))
    call.tx.wake(named.arn)
    return {"RecursiveLoop": recursive_loop}


def get_function_recursion_config(call: Call, *, function_name: str) -> dict[str, Any]:
    named = function_names.unqualified(call, function_name)
    return {"RecursiveLoop": lookup.latest(call.tx, named).recursive_loop}
