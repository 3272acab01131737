"""The one exception that stands for an answer that AWS would give."""

from __future__ import annotations

from typing import Any


class AwsError(Exception):
    """An error answer: code, message, HTTP status, whose fault, and the error shape's members.

    `status` None means: as the service model says, else 400. `query_code` is the code that the
    query protocol uses where it differs (SQS: `AWS.SimpleQueueService.NonExistentQueue`); left
    None it comes from the model or `aws_models/overrides.py`.
    """

    def __init__(
        self,
        code: str,
        message: str,
        status: int | None = None,
        fault: str = "Sender",
        query_code: str | None = None,
        headers: dict[str, str] | None = None,
        **members: Any,
    ) -> None:
        if not message.isascii():
            # Half a surrogate pair, which a message may quote, is no character to be sent or kept.
            message = message.encode("utf-8", "replace").decode()
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.fault = fault
        self.query_code = query_code
        self.headers = headers or {}
        self.members = members


def not_implemented(service: str, operation: str, member: str | None = None) -> AwsError:
    """An operation (or a member of one) that Pileus does not offer yet."""
    what = f"{operation}, member {member}," if member else operation
    return AwsError(
        "NotImplemented",
        f"The {service} operation {what} is not implemented.",
        status=501,
        fault="Receiver",
    )


def internal_failure() -> AwsError:
    """A programmer's error: the client learns that it is not its fault, the log says the rest."""
    return AwsError(
        "InternalFailure",
        "The request processing has failed because of an unknown error, exception or failure.",
        status=500,
        fault="Receiver",
    )


def service_unavailable(reason: str) -> AwsError:
    """A refusal that passes: the store is full or busy, or the server is stopping."""
    return AwsError("ServiceUnavailable", reason, status=503, fault="Receiver")
