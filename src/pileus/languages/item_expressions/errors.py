"""What is wrong with an expression or a value, in DynamoDB's words."""

from __future__ import annotations


class ExpressionError(Exception):
    """An expression that cannot be read; the message lacks the name of its parameter."""


class ValueInvalid(Exception):
    """An attribute value that DynamoDB does not store; the message is whole."""


class UpdateInvalid(Exception):
    """An update that does not suit the item that it meets; the message is whole."""


def is_empty() -> ExpressionError:
    return ExpressionError("The expression can not be empty;")


def is_too_long(size: int) -> ExpressionError:
    return ExpressionError(
        "Expression size has exceeded the maximum allowed size; expression size: " + str(size)
    )


def syntax(token: str, near: str) -> ExpressionError:
    return ExpressionError(f'Syntax error; token: "{token}", near: "{near}"')


def is_too_deep() -> ExpressionError:
    return ExpressionError("The expression contains too many nested levels;")


def has_too_many_operators(count: int, count_max: int) -> ExpressionError:
    return ExpressionError(
        "The expression contains too many operators; "
        f"operator count: {count}, maximum operator count: {count_max}"
    )


def is_reserved(word: str) -> ExpressionError:
    return ExpressionError(f"Attribute name is a reserved keyword; reserved keyword: {word}")


def name_undefined(name: str) -> ExpressionError:
    return ExpressionError(
        "An expression attribute name used in the document path is not defined; "
        f"attribute name: {name}"
    )


def value_undefined(name: str) -> ExpressionError:
    return ExpressionError(
        f"An expression attribute value used in expression is not defined; attribute value: {name}"
    )


def redundant_parentheses() -> ExpressionError:
    return ExpressionError("The expression has redundant parentheses;")


def unknown_function(name: str) -> ExpressionError:
    return ExpressionError(f"Invalid function name; function: {name}")


def misplaced_function(name: str) -> ExpressionError:
    return ExpressionError(
        f"The function is not allowed to be used this way in an expression; function: {name}"
    )


def operand_count(function: str, count: int) -> ExpressionError:
    return ExpressionError(
        "Incorrect number of operands for operator or function; "
        f"operator or function: {function}, number of operands: {count}"
    )


def path_needed(function: str) -> ExpressionError:
    return ExpressionError(
        f"Operator or function requires a document path; operator or function: {function}"
    )


def operand_type(function: str, kind: str) -> ExpressionError:
    return ExpressionError(
        "Incorrect operand type for operator or function; "
        f"operator or function: {function}, operand type: {kind}"
    )


def attribute_type_unknown(name: str) -> ExpressionError:
    return ExpressionError(
        f"Invalid attribute type name found; type: {name}, "
        "valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"
    )


def operands_equal(operator: str, path: str) -> ExpressionError:
    return ExpressionError(
        "The first operand must be distinct from the remaining operands for this operator or "
        f"function; operator: {operator}, first operand: {path}"
    )


def bounds_types(lower: str, upper: str) -> ExpressionError:
    return ExpressionError(
        "The BETWEEN operator requires same data type for lower and upper bounds; "
        f"lower bound operand: AttributeValue: {lower}, "
        f"upper bound operand: AttributeValue: {upper}"
    )


def bounds_order(lower: str, upper: str) -> ExpressionError:
    return ExpressionError(
        "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
        f"lower bound operand: AttributeValue: {lower}, "
        f"upper bound operand: AttributeValue: {upper}"
    )


def paths_overlap(one: str, two: str) -> ExpressionError:
    return ExpressionError(
        "Two document paths overlap with each other; must remove or rewrite one of these paths; "
        f"path one: {one}, path two: {two}"
    )


def paths_conflict(one: str, two: str) -> ExpressionError:
    return ExpressionError(
        "Two document paths conflict with each other; must remove or rewrite one of these paths; "
        f"path one: {one}, path two: {two}"
    )


def section_twice(name: str) -> ExpressionError:
    return ExpressionError(f'The "{name}" section can only be used once in an update expression;')


def section_operand(section: str, kind: str) -> ExpressionError:
    return ExpressionError(
        "Incorrect operand type for operator or function; "
        f"operator: {section}, operand type: {kind}"
    )


def attribute_missing() -> UpdateInvalid:
    return UpdateInvalid(
        "The provided expression refers to an attribute that does not exist in the item"
    )


def operand_unsuitable() -> UpdateInvalid:
    return UpdateInvalid("An operand in the update expression has an incorrect data type")


def path_unsuitable() -> UpdateInvalid:
    return UpdateInvalid(
        "The document path provided in the update expression is invalid for update"
    )
