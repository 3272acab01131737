"""What is wrong with a statement, in DynamoDB's words."""

from __future__ import annotations


class StatementInvalid(Exception):
    """A statement that cannot be run; the message is whole."""


def malformed(reason: str) -> StatementInvalid:
    return StatementInvalid(f"Statement wasn't well formed, can't be processed: {reason}")


def unexpected_keyword() -> StatementInvalid:
    return malformed("Unexpected keyword")


def expected(what: str) -> StatementInvalid:
    return malformed(f"Expected {what}")


def unexpected_term() -> StatementInvalid:
    return malformed("Unexpected term")


def is_too_deep() -> StatementInvalid:
    return malformed("The statement contains too many nested levels")


def unsupported_clause(name: str) -> StatementInvalid:
    return StatementInvalid(f"Unsupported clause: {name}")


def unsupported_function(name: str) -> StatementInvalid:
    return StatementInvalid(f"Unsupported function: {name}")


def parameters_differ() -> StatementInvalid:
    return StatementInvalid("Number of parameters in request and statement don't match.")


def star_and_others() -> StatementInvalid:
    return StatementInvalid(
        "Other attributes should not be present in the projection when '*' is used."
    )


def mixed_set() -> StatementInvalid:
    return StatementInvalid("Elements of a set must all be strings, or all be numbers")


def set_of_another_path(function: str) -> StatementInvalid:
    return StatementInvalid(f"{function} must be given the path that it is assigned to")


def item_needed() -> StatementInvalid:
    return StatementInvalid("The value of an INSERT statement must be a map")


def key_condition_missing() -> StatementInvalid:
    return StatementInvalid(
        "Where clause does not contain a mandatory equality on all key attributes"
    )


def order_needs_where() -> StatementInvalid:
    return StatementInvalid("Must have WHERE clause in the statement when using ORDER BY clause.")


def order_needs_partition() -> StatementInvalid:
    return StatementInvalid(
        "Must have at least one non-optional hash key condition in WHERE clause when using "
        "ORDER BY clause."
    )


def order_of_partitions() -> StatementInvalid:
    return StatementInvalid(
        "Must have hash key in ORDER BY clause when more than one hash key condition specified in "
        "WHERE clause."
    )


def order_of_others(name: str) -> StatementInvalid:
    return StatementInvalid(f"Attribute {name} in ORDER BY clause must be part of the primary key")


def too_many_partitions(count: int, count_max: int) -> StatementInvalid:
    return StatementInvalid(
        f"Too many values of the hash key in the WHERE clause: {count}, at most {count_max}"
    )


def returning_in_transaction() -> StatementInvalid:
    return StatementInvalid("RETURNING clause is not supported in ExecuteTransaction.")


def exists_outside_transaction() -> StatementInvalid:
    return StatementInvalid("EXISTS() is supported in ExecuteTransaction only.")


def exists_needs_condition() -> StatementInvalid:
    return StatementInvalid("EXISTS() must contain a single item read with additional condition")


def select_needs_key(operation: str) -> StatementInvalid:
    return StatementInvalid(
        f"Select statements within {operation} must specify the primary key in the where clause."
    )


def index_in_transaction() -> StatementInvalid:
    return StatementInvalid("Reads on indices are not supported within transactions.")


def index_is_written() -> StatementInvalid:
    return StatementInvalid("This operation is not supported on an index")


def reads_and_writes(operation: str) -> StatementInvalid:
    return StatementInvalid(
        f"{operation} API does not support both read and write operations in the same request."
    )


def token_differs() -> StatementInvalid:
    return StatementInvalid("NextToken does not match request")
