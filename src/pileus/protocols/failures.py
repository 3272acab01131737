"""The answers to input that cannot be read, as each protocol's front end at AWS gives them."""

from __future__ import annotations

from pileus.aws_models.load import ServiceModel
from pileus.kernel.errors import AwsError


class WireError(ValueError):
    """Input that does not have the form that the model asks for; the text says what was found."""


_RPC_TOKENS = {
    dict: "Start of structure or map",
    list: "Start of list",
    str: "STRING_VALUE",
    int: "NUMBER_VALUE",
    float: "DECIMAL_VALUE",
    bytes: "BINARY_VALUE",
    type(None): "NULL_VALUE",
}
_JAVA_CLASSES = {
    dict: "java.util.LinkedHashMap",
    list: "java.util.ArrayList",
    str: "java.lang.String",
    bool: "java.lang.Boolean",
    int: "com.amazon.coral.value.json.numbers.TruncatingBigNumber",
    float: "com.amazon.coral.value.json.numbers.TruncatingBigNumber",
}
_COLLECTIONS = {"structure": "null", "list": "list or null", "map": "map or null"}


class TypeMismatch(WireError):
    """A value of another type than the model's. AWS has words of its own for REST."""

    def __init__(self, value: object, wanted: str) -> None:
        super().__init__(_rpc_words(value, wanted))
        java_class = _JAVA_CLASSES.get(type(value), type(value).__name__)
        self.rest_words = f"class {java_class} can not be converted to an {wanted.capitalize()}"


def _rpc_words(value: object, wanted: str) -> str:
    if wanted in _COLLECTIONS:
        return f"Expected {_COLLECTIONS[wanted]}"
    if type(value) is bool:
        token = "TRUE_VALUE" if value else "FALSE_VALUE"
    else:
        token = _RPC_TOKENS.get(type(value), "VALUE")
    if type(value) in (dict, list):
        return f"{token} found where not expected"
    return f"{token} cannot be converted to {wanted.capitalize()}"


def unknown_operation(service: ServiceModel, protocol: str, name: str) -> AwsError:
    """An operation that the service does not have."""
    if protocol == "query":
        if service.name == "sqs":
            text = f"The action {name} is not valid for this endpoint."
        else:
            text = f"Could not find operation {name} for version {service.api_version}"
        return AwsError("InvalidAction", text, status=400)
    if protocol == "ec2":
        text = f"The action {name} is not valid for this web service."
        return AwsError("InvalidAction", text, status=400)
    if service.name == "s3":
        text = "The specified method is not allowed against this resource."
        return AwsError("MethodNotAllowed", text, status=405)
    return AwsError("UnknownOperationException", "", status=400 if protocol == "json" else 404)


def serialization_exception(reason: str) -> AwsError:
    """JSON and CBOR: the body is malformed, or a value has the wrong type."""
    return AwsError("SerializationException", reason, status=400)


def malformed_input(reason: str) -> AwsError:
    """Query: a value has the wrong type or a key the wrong form."""
    return AwsError("MalformedInput", reason, status=400)


def malformed_query_string(reason: str) -> AwsError:
    """Query: the form itself cannot be read."""
    return AwsError("MalformedQueryString", reason, status=404)


def malformed_xml() -> AwsError:
    """REST-XML, in S3's words."""
    return AwsError(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
        status=400,
    )


def missing_body() -> AwsError:
    """REST-XML: a document is required, and the body is empty."""
    return AwsError("MissingRequestBodyError", "Request body is empty.", status=400)


def missing_argument(name: str, is_header: bool) -> AwsError:
    """REST-XML: a header or a query parameter is required."""
    if is_header:
        text = f"Missing required header for this request: {name}"
        return AwsError("InvalidRequest", text, status=400)
    return AwsError(
        "InvalidArgument", f"Missing required parameter for this request: {name}", status=400
    )


def invalid_argument(reason: str) -> AwsError:
    """REST-XML: a header or a query parameter has the wrong form."""
    return AwsError("InvalidArgument", reason, status=400)
