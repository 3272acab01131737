"""The answers to input that cannot be read, as each protocol's front end at AWS gives them."""

from __future__ import annotations

from pileus.kernel.errors import AwsError


class WireError(ValueError):
    """Input that does not have the form that the model asks for; the text says what was found."""


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


def invalid_argument(reason: str) -> AwsError:
    """REST-XML: a header or a query parameter has the wrong form."""
    return AwsError("InvalidArgument", reason, status=400)
