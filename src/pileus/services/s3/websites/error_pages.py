"""What a website shows in place of a page that it does not have."""

from __future__ import annotations

from html import escape
from http import HTTPStatus

from pileus.kernel.errors import AwsError
from pileus.kernel.request import Response, host_id

# What S3 tells of in a page, of the members of its errors.
_TOLD = ("Key", "BucketName", "VersionId", "Method", "ResourceType", "Condition")


def page(error: AwsError, request_id: str, second: AwsError | None = None) -> Response:
    """A page about an error; `second` is that of the error document, if that is missing too."""
    status = error.status or 400
    try:
        title = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        title = str(status)
    items = [*_items(error), ("RequestId", request_id), ("HostId", host_id(request_id))]
    text = (
        f"<!DOCTYPE html>\n<html>\n<head><title>{escape(title)}</title></head>\n<body>\n"
        f"<h1>{escape(title)}</h1>\n{_list(items)}"
    )
    if second is not None:
        text += f"<h3>The error document could not be shown either</h3>\n{_list(_items(second))}"
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "x-amz-error-code": error.code,
        "x-amz-error-message": header_text(error.message),
        **ids(request_id),
    }
    for name, value in _items(error)[2:]:
        headers[f"x-amz-error-detail-{name}"] = header_text(value)
    headers |= error.headers
    return Response(status, headers, f"{text}<hr/>\n</body>\n</html>\n".encode())


def _items(error: AwsError) -> list[tuple[str, str]]:
    told = [(name, str(error.members[name])) for name in _TOLD if name in error.members]
    return [("Code", error.code), ("Message", error.message), *told]


def _list(items: list[tuple[str, str]]) -> str:
    lines = "".join(f"<li>{name}: {escape(value)}</li>\n" for name, value in items)
    return f"<ul>\n{lines}</ul>\n"


def header_text(text: str) -> str:
    """What a header can carry of a text that strangers chose."""
    return "".join([letter if " " <= letter <= "~" else "?" for letter in text])


def ids(request_id: str) -> dict[str, str]:
    return {"x-amz-request-id": request_id, "x-amz-id-2": host_id(request_id)}
