"""The errors that Lambda answers about layers, in its own words."""

from __future__ import annotations

from pileus.kernel.errors import AwsError
from pileus.services.lambda_.errors import conflict, invalid_parameter, not_found, user


def version_below_one() -> AwsError:
    return invalid_parameter("Layer Version Cannot be less than 1")


def version_not_found(arn: str) -> AwsError:
    return not_found(f"Layer version {arn} does not exist.")


def layers_too_many() -> AwsError:
    return invalid_parameter("Cannot reference more than 5 layers.")


def layers_elsewhere(region: str) -> AwsError:
    return invalid_parameter(
        "Layers are not in the same region as the function. Layers are expected to be in region "
        f"{region}."
    )


def layer_unknown(arn: str) -> AwsError:
    return invalid_parameter(f"Layer version {arn} does not exist.")


def layer_twice(first: str, second: str) -> AwsError:
    return invalid_parameter(
        "Two different versions of the same layer are not allowed to be referenced in the same "
        f"function. {first} and {second} are versions of the same layer."
    )


def not_permitted(principal: str, action: str, arn: str) -> AwsError:
    return user(
        "AccessDeniedException",
        f"User: {principal} is not authorized to perform: {action} on resource: {arn} because no "
        f"resource-based policy allows the {action} action",
        403,
    )


def combined_too_large(limit_bytes: int, size_bytes: int) -> AwsError:
    return invalid_parameter(
        "Function code combined with layers exceeds the maximum allowed size of "
        f"{limit_bytes} bytes. The actual size is {size_bytes} bytes."
    )


def mapped_file_unusable(arn: str, problem: str) -> AwsError:
    """Ours: a layer that `--layer` maps to a file that is none."""
    return invalid_parameter(f"Layer version {arn} is mapped to a file that is no layer: {problem}")


def statement_exists(statement_id: str) -> AwsError:
    return conflict(
        f"The statement id ({statement_id}) provided already exists. Please provide a new "
        "statement id, or remove the existing statement."
    )
