"""Operations on the code signing of a function, and the check of what is deployed to it."""

from __future__ import annotations

from typing import Any

from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.lambda_.code_signing import signing_configs, signing_errors, store
from pileus.services.lambda_.code_signing.store import SigningConfig
from pileus.services.lambda_.functions import configurations, function_names
from pileus.services.lambda_.functions import store as functions_store
from pileus.services.lambda_.functions.function_names import Named
from pileus.services.lambda_.versions import lookup


async def put_function_code_signing_config(
    call: Call, *, code_signing_config_arn: str, function_name: str
) -> dict[str, Any]:
    named = function_names.unqualified(call, function_name)
    await call.read(lookup.latest, named, about=named.arn)
    await _existing(call, code_signing_config_arn)
    await call.transaction(_set, named, code_signing_config_arn, about=named.arn)
    try:
        await _existing(call, code_signing_config_arn)
    except BaseException:
        # Deleted in between: a function must not be left with one that is not there.
        await call.transaction(_set, named, "", about=named.arn)
        raise
    return {"CodeSigningConfigArn": code_signing_config_arn, "FunctionName": named.name}


async def _existing(call: Call, arn: str) -> SigningConfig:
    config: SigningConfig | None = await call.read(store.load, arn, about=arn)
    if config is None:
        raise signing_errors.config_of_function_not_found(arn)
    return config


def _set(tx: Transaction, named: Named, arn: str) -> None:
    function = lookup.latest(tx, named)
    functions_store.save_function(tx, configurations.replace(function, signing_config_arn=arn))
    tx.wake(named.arn)


def get_function_code_signing_config(call: Call, *, function_name: str) -> dict[str, Any]:
    """Both are empty texts where the function has none."""
    named = function_names.unqualified(call, function_name)
    arn = lookup.latest(call.tx, named).signing_config_arn
    return {"CodeSigningConfigArn": arn, "FunctionName": named.name if arn else ""}


def delete_function_code_signing_config(call: Call, *, function_name: str) -> None:
    named = function_names.unqualified(call, function_name)
    _set(call.tx, named, "")


async def check(call: Call, arn: str) -> None:
    """Refuse a package for a function whose configuration enforces signatures.

    No package can be signed yet: that takes AWS Signer.
    """
    if arn and (await _existing(call, arn)).untrusted == signing_configs.ENFORCE:
        raise signing_errors.unsigned()
