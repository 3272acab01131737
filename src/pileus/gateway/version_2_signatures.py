"""Signature version 2 of the query services, which old tools still send."""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, unquote_plus

from pileus.gateway import signature_errors as errors
from pileus.gateway.signature_dates import long_form
from pileus.gateway.signature_errors import Family
from pileus.kernel.errors import AwsError
from pileus.kernel.request import Request

WINDOW_MS = 15 * 60_000
DIGESTS = {"HmacSHA256": "sha256", "HmacSHA1": "sha1"}
FORM = "application/x-www-form-urlencoded"
ACCESS_KEY = re.compile(r"(?:^|&)AWSAccessKeyId=([^&]*)")


@dataclass(slots=True)
class Parameters:
    """The decoded parameters of a request, from its query and its form."""

    pairs: list[tuple[str, str]]
    values: dict[str, str]

    @property
    def access_key_id(self) -> str:
        return self.values["AWSAccessKeyId"]

    @property
    def token(self) -> str:
        return self.values.get("SecurityToken", "")


def access_key_of(request: Request) -> str:
    """The key that a query request says it was signed with, unchecked; "" where it says none."""
    found = [match for text in texts_of(request) for match in ACCESS_KEY.findall(text)]
    return unquote_plus(found[-1]) if found else ""


def texts_of(request: Request) -> tuple[str, str]:
    """The query and the form, where such a signature may stand."""
    is_form = request.headers.get("content-type", "").startswith(FORM)
    return request.query, request.body.decode("latin-1") if is_form else ""


def read(request: Request, family: Family) -> Parameters | None:
    """The parameters of a version 2 signature, or None where there is none."""
    authorization = request.headers.get("authorization")
    if authorization is not None:
        raise errors.incomplete(
            family,
            "Authorization header requires 'Credential' parameter. Authorization header requires "
            "'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. "
            "(Hashed with SHA-256 and encoded with Base64) "
            f"Authorization={errors.hashed(authorization)}",
        )
    if family not in (Family.QUERY, Family.EC2):
        return None
    texts = texts_of(request)
    if not any("AWSAccessKeyId=" in text for text in texts):
        return None
    pairs = [pair for text in texts for pair in parse_qsl(text, keep_blank_values=True)]
    parameters = Parameters(pairs, dict(pairs))
    check_complete(family, parameters.values)
    return parameters


def check_complete(family: Family, values: dict[str, str]) -> None:
    for name in ("Signature", "SignatureVersion", "SignatureMethod"):
        if not values.get(name):
            message = f"The request must contain the parameter {name}"
            raise AwsError("MissingParameter", message, status=400)
    if values["SignatureVersion"] != "2" or values["SignatureMethod"] not in DIGESTS:
        raise errors.incomplete(family, "The signature version or method is not supported.")


def check_date(parameters: Parameters, nows: tuple[int, ...]) -> None:
    text = parameters.values.get("Timestamp") or parameters.values.get("Expires") or ""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"Invalid value for Timestamp or Expires: {text!r}"
        raise AwsError("InvalidParameterValue", message, status=400) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    instant = int(moment.timestamp() * 1000)
    is_stamp = "Timestamp" in parameters.values
    for now in nows:
        if is_stamp and abs(now - instant) <= WINDOW_MS:
            return
        if not is_stamp and now <= instant:
            return
    raise AwsError(
        "RequestExpired",
        f"Request has expired. Timestamp date is {long_form(instant)}. "
        f"Current date is {long_form(nows[0])}.",
        status=400,
    )


def holds(request: Request, parameters: Parameters, secret: str) -> bool:
    pairs = sorted(
        (quote(name, safe="-_~"), quote(value, safe="-_~"))
        for name, value in parameters.pairs
        if name != "Signature"
    )
    query = "&".join([f"{name}={value}" for name, value in pairs])
    host = request.headers.get("host", "").lower()
    text = f"{request.method}\n{host}\n{request.path}\n{query}"
    method = parameters.values["SignatureMethod"]
    digest = hmac.digest(secret.encode(), text.encode(), DIGESTS[method])
    given = parameters.values["Signature"].encode("utf-8", "replace")
    return hmac.compare_digest(b64encode(digest), given)
