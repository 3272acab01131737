"""What CloudWatch answers when it refuses, in its own words."""

from __future__ import annotations

from pileus.kernel.errors import AwsError


def invalid_value(message: str) -> AwsError:
    return AwsError("InvalidParameterValueException", message)


def invalid_combination(message: str) -> AwsError:
    return AwsError("InvalidParameterCombinationException", message)


def missing(parameter: str) -> AwsError:
    return AwsError("MissingRequiredParameterException", f"The parameter {parameter} is required.")


def both(first: str, second: str) -> AwsError:
    return invalid_combination(
        f"The parameters {first} and {second} are mutually exclusive and you have specified both."
    )


def different_sizes(first: str, second: str) -> AwsError:
    return invalid_value(f"The parameters {first} and {second} must be of the same size.")


def too_many(collection: str, limit: int) -> AwsError:
    return invalid_value(f"The collection {collection} must not have a size greater than {limit}.")


def bad_number(value: float, parameter: str) -> AwsError:
    return invalid_value(f"The value {value} for parameter {parameter} is invalid.")


def too_old(parameter: str) -> AwsError:
    return invalid_value(
        f"The parameter {parameter} must specify a time within the past two weeks."
    )


def too_new(parameter: str) -> AwsError:
    return invalid_value(
        f"The parameter {parameter} must specify a time no more than two hours in the future."
    )


def bad_period(parameter: str) -> AwsError:
    return invalid_value(f"The parameter {parameter} must be 1, 5, 10, 20, 30 or a multiple of 60.")


def start_not_before_end() -> AwsError:
    return invalid_value("The parameter StartTime must be less than the parameter EndTime.")


def too_many_datapoints(asked: int, limit: int) -> AwsError:
    return invalid_combination(
        f"You have requested up to {asked} datapoints, which exceeds the limit of {limit}. You may "
        "reduce the datapoints requested by increasing Period, or decreasing the time range."
    )


def no_statistics() -> AwsError:
    return invalid_combination(
        "At least one of the parameters Statistics and ExtendedStatistics must be specified."
    )


def bad_statistic(text: str, parameter: str) -> AwsError:
    return invalid_value(f"The value {text} for parameter {parameter} is not supported.")


def bad_token() -> AwsError:
    return invalid_value("The parameter NextToken is invalid.")


def bad_data_token() -> AwsError:
    return AwsError("InvalidNextToken", "The next token specified is invalid.")


def bad_query(message: str) -> AwsError:
    return AwsError("ValidationError", message)
