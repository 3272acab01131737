"""The parts of a signature that say who signed, for where, and over which headers."""

from __future__ import annotations

import re

from pileus.gateway.signature_errors import (
    Family,
    hashed,
    incomplete,
    invalid,
    s3_header_malformed,
    s3_query_malformed,
    s3_unsupported_type,
)
from pileus.kernel.kernel import DEFAULT_REGION

HMAC_ALGORITHM = "AWS4-HMAC-SHA256"
ECDSA_ALGORITHM = "AWS4-ECDSA-P256-SHA256"
ALGORITHMS = (HMAC_ALGORITHM, ECDSA_ALGORITHM)
TERMINATOR = "aws4_request"
REGION = re.compile(r"[a-z0-9-]+")
_BLANKS = " \t"
S3_EXPECTED = 'expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'

SCOPES_MAX = 1024
SCOPE_BYTES_MAX = 1024
# By the text of the Authorization header before the signature: a client repeats it all day.
SCOPES: dict[str, Scope] = {}


class Scope:
    """A credential with its scope and the names of the signed headers, all well-formed."""

    __slots__ = (
        "access_key_id", "algorithm", "date", "names", "names_text", "region", "service", "text",
    )  # fmt: skip

    def __init__(
        self, family: Family, algorithm: str, credential: str, names_text: str, is_query: bool
    ) -> None:
        self.algorithm = algorithm
        parts = credential.split("/")
        count = 5 if algorithm == HMAC_ALGORITHM else 4
        if len(parts) < count:
            raise malformed(family, credential, is_query)
        # Only the key id may contain slashes.
        self.access_key_id = "/".join(parts[: 1 - count])
        scope = parts[1 - count :]
        self.date, self.service, terminator = scope[0], scope[-2], scope[-1]
        # SigV4A signs for a set of regions that stands in a header.
        self.region = scope[1] if algorithm == HMAC_ALGORITHM else ""
        self.text = "/".join(scope)
        self.names_text = names_text
        self.names = tuple(names_text.lower().split(";"))
        if not self.access_key_id:
            raise malformed(family, credential, is_query)
        self.check(family, terminator, is_query)
        if family is not Family.S3 and not self.names_host:
            raise invalid(
                family, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
            )

    @property
    def names_host(self) -> bool:
        """Whether the host is signed: by its header, or as HTTP/2 calls it."""
        return "host" in self.names or ":authority" in self.names

    def check(self, family: Family, terminator: str, is_query: bool) -> None:
        is_region_valid = self.algorithm != HMAC_ALGORITHM or REGION.fullmatch(self.region)
        if family is Family.S3:
            detail = ""
            members = {}
            if not (len(self.date) == 8 and self.date.isdecimal()):
                detail = (
                    f'incorrect date format "{self.date}". This date in the credential must be '
                    'in the format "yyyyMMdd".'
                )
            elif not is_region_valid:
                detail = f"the region '{self.region}' is wrong; expecting '{DEFAULT_REGION}'"
                # s3cmd asks again with the region that it finds here.
                members["Region"] = DEFAULT_REGION
            elif terminator != TERMINATOR:
                detail = f'incorrect terminal "{terminator}". This endpoint uses "{TERMINATOR}".'
            if detail:
                raise s3_malformed(detail, is_query, **members)
            return
        problems = []
        if not is_region_valid:
            problems.append(f"Credential should be scoped to a valid region, not '{self.region}'. ")
        if terminator != TERMINATOR:
            problems.append(
                f"Credential should be scoped with a valid terminator: '{TERMINATOR}', not "
                f"'{terminator}'. "
            )
        if problems:
            raise invalid(family, "".join(problems))

    def check_service(self, family: Family, signing_name: str, is_query: bool) -> None:
        if self.service == signing_name:
            return
        if family is Family.S3:
            detail = f'incorrect service "{self.service}". This endpoint belongs to "s3".'
            raise s3_malformed(detail, is_query)
        raise invalid(family, f"Credential should be scoped to correct service: '{signing_name}'. ")

    def check_date(self, family: Family, stamp: str, is_query: bool) -> None:
        day = stamp[:8]
        if self.date == day:
            return
        if family is Family.S3:
            detail = (
                f'Invalid credential date "{self.date}". This date is not the same as '
                f'X-Amz-Date: "{day}".'
            )
            raise s3_malformed(detail, is_query)
        raise invalid(
            family,
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
            f"HTTP: '{self.date}' != '{day}', from '{stamp}'.",
        )


def s3_malformed(detail: str, is_query: bool, **members: str) -> Exception:
    if is_query:
        text = f"Error parsing the X-Amz-Credential parameter; {detail}"
        return s3_query_malformed(text, **members)
    return s3_header_malformed(detail, **members)


def malformed(family: Family, credential: str, is_query: bool) -> Exception:
    if family is Family.S3:
        return s3_malformed(f"the Credential is mal-formed; {S3_EXPECTED}", is_query)
    return incomplete(
        family,
        "Credential must have exactly 5 slash-delimited elements, e.g. "
        f"keyid/date/region/service/term, got '{credential}'",
    )


def read_authorization(family: Family, authorization: str, has_date: bool) -> tuple[Scope, str]:
    """The scope and the signature of an Authorization header."""
    prefix, found, signature = authorization.rpartition("Signature=")
    scope = SCOPES.get(prefix)
    # The families read a scope alike once it has no errors, except for the signed host.
    if scope is not None and (family is Family.S3 or scope.names_host):
        return scope, signature
    algorithm, _, rest = authorization.partition(" ")
    if algorithm not in ALGORITHMS and family is Family.S3:
        raise s3_unsupported_type(authorization)
    parameters = read_parameters(family, authorization, rest if algorithm in ALGORITHMS else "")
    absent = [
        f"Authorization header requires '{name}' parameter. "
        for name in ("Credential", "Signature", "SignedHeaders")
        if not parameters.get(name)
    ]
    if absent and family is Family.S3:
        raise s3_header_malformed(
            "the authorization header requires three components: Credential, SignedHeaders, and "
            "Signature."
        )
    if not has_date and family is not Family.S3:
        absent.append(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
        )
    if absent:
        raise incomplete(
            family,
            f"{''.join(absent)}(Hashed with SHA-256 and encoded with Base64) "
            f"Authorization={hashed(authorization)}",
        )
    scope = Scope(
        family, algorithm, parameters["Credential"], parameters["SignedHeaders"], is_query=False
    )
    if found and signature == parameters["Signature"] and len(prefix) <= SCOPE_BYTES_MAX:
        if len(SCOPES) >= SCOPES_MAX:
            SCOPES.clear()
        SCOPES[prefix] = scope
    return scope, parameters["Signature"]


def read_parameters(family: Family, authorization: str, text: str) -> dict[str, str]:
    """The parameters after the algorithm. Each stands where it should, or the header is refused.

    Only what a client may write between them is passed over: spaces and tabs.
    """
    parameters: dict[str, str] = {}
    for item in text.split(",") if text.strip(_BLANKS) else ():
        name, equals, value = item.strip(_BLANKS).partition("=")
        if equals:
            parameters[name] = value
        elif family is not Family.S3:
            raise incomplete(
                family,
                "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with "
                f"SHA-256 and encoded with Base64): '{hashed(authorization)}'.",
            )
    return parameters
