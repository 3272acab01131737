"""Text messages to one phone, an account's settings for them, and its sandbox."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pileus.kernel import outbox, pagination
from pileus.kernel.errors import AwsError
from pileus.services.sns import errors, letters, protocols, sms_store, topics
from pileus.services.sns.message_attributes import Attribute
from pileus.services.sns.messages import Message

if TYPE_CHECKING:
    from pileus.kernel.call import Call

_E164 = re.compile(r"\+?[1-9][0-9]{1,14}")
# docs: API_Publish, "The total size limit for a single SMS Publish action is 1,600 characters."
_LENGTH_MAX = 1600
_TYPES = ("Promotional", "Transactional")
# Longer ones would not be read as numbers.
_NUMBER = re.compile(r"[0-9]{1,18}")
_SENDER_ID = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9]{1,11}")
_SETTINGS = (
    "MonthlySpendLimit",
    "DeliveryStatusIAMRole",
    "DeliveryStatusSuccessSamplingRate",
    "DefaultSenderID",
    "DefaultSMSType",
    "UsageReportS3Bucket",
)
_NUMBERS_MAX = 10


def publish(call: Call, number: str, message: Message) -> None:
    """Send to one phone; what the publisher did not say the account's settings do."""
    if not number:
        raise errors.invalid_because("PhoneNumber", "input incorrectly formatted")
    if not _E164.fullmatch(number):
        raise errors.invalid_because("PhoneNumber", f"{number} is not valid to publish to")
    text = message.for_protocol("sms")
    if len(text) > _LENGTH_MAX:
        raise errors.invalid_parameter("Message too long")
    settings = sms_store.settings(call.tx, call.account)
    for name, setting in (
        (letters.SENDER_ID, "DefaultSenderID"),
        (letters.SMS_TYPE, "DefaultSMSType"),
    ):
        if setting in settings and name not in message.attributes:
            message.attributes[name] = Attribute("String", settings[setting])
    letters.text_message(call.tx, number, call.about, message, text)


def set_sms_attributes(call: Call, *, attributes: dict[str, str]) -> dict[str, Any]:
    for name, value in attributes.items():
        if name not in _SETTINGS:
            raise AwsError("InvalidParameter", f"{name} is not a valid attribute")
        # An empty value takes a setting back; so Terraform removes them.
        if value and not _is_good(name, value):
            raise AwsError("InvalidParameter", f"{name} is invalid")
    present = sms_store.settings(call.tx, call.account)
    settings = {**present, **attributes}
    sms_store.put_settings(
        call.tx, call.account, {name: value for name, value in settings.items() if value}
    )
    return {}


def _is_good(name: str, value: str) -> bool:
    match name:
        case "DefaultSMSType":
            return value in _TYPES
        case "DefaultSenderID":
            return _SENDER_ID.fullmatch(value) is not None
        case "DeliveryStatusSuccessSamplingRate":
            return _NUMBER.fullmatch(value) is not None and int(value) <= 100
        case "MonthlySpendLimit":
            return _NUMBER.fullmatch(value) is not None
        case _:
            return True


def get_sms_attributes(call: Call, *, attributes: list[str] | None = None) -> dict[str, Any]:
    for name in attributes or ():
        if name not in _SETTINGS:
            raise AwsError("InvalidParameter", f"{name} is not a valid attribute")
    found = {"MonthlySpendLimit": "1", **sms_store.settings(call.tx, call.account)}
    if attributes:
        found = {name: value for name, value in found.items() if name in attributes}
    return {"attributes": found}


# Nobody answers STOP to an outbox: no number is ever opted out.


def check_if_phone_number_is_opted_out(call: Call, *, phone_number: str) -> dict[str, Any]:
    _check_number(phone_number)
    return {"isOptedOut": False}


def list_phone_numbers_opted_out(call: Call, *, next_token: str | None = None) -> dict[str, Any]:
    topics.position_after(next_token)
    return {"phoneNumbers": []}


def opt_in_phone_number(call: Call, *, phone_number: str) -> dict[str, Any]:
    _check_number(phone_number)
    return {}


def list_origination_numbers(
    call: Call, *, next_token: str | None = None, max_results: int | None = None
) -> dict[str, Any]:
    """Numbers are bought elsewhere, and nobody sells them here."""
    topics.position_after(next_token)
    return {"PhoneNumbers": []}


def _check_number(number: str) -> None:
    if not protocols.is_phone_number(number):
        raise errors.invalid_because("PhoneNumber", "input incorrectly formatted")


# The sandbox: accounts are out of it, so that messages to any number can be read.


def get_sms_sandbox_account_status(call: Call) -> dict[str, Any]:
    return {"IsInSandbox": False}


def create_sms_sandbox_phone_number(
    call: Call, *, phone_number: str, language_code: str = "en-US"
) -> dict[str, Any]:
    tx = call.tx
    known = sms_store.sandbox_numbers(tx, call.account, "", _NUMBERS_MAX)
    is_known = any(number == phone_number for number, _ in known)
    if not is_known and len(known) >= _NUMBERS_MAX:
        raise AwsError("UserError", "The sandbox has the most phone numbers that it may have")
    password = tx.kernel.ids.letters(6, "0123456789")
    sms_store.put_sandbox_number(tx, call.account, phone_number, False, password)
    outbox.put(
        tx, channel="sms", to=phone_number, because=call.about,
        body=f"{password} is your AWS verification code.",
        attributes={"LanguageCode": language_code},
    )  # fmt: skip
    return {}


def verify_sms_sandbox_phone_number(
    call: Call, *, phone_number: str, one_time_password: str
) -> dict[str, Any]:
    found = sms_store.sandbox_number(call.tx, call.account, phone_number)
    if found is None:
        raise _no_such_number()
    if found[1] != one_time_password:
        raise AwsError(
            "VerificationException", "The one-time password is not the one that was sent",
            Status="Pending",
        )  # fmt: skip
    sms_store.put_sandbox_number(call.tx, call.account, phone_number, True, found[1])
    return {}


def delete_sms_sandbox_phone_number(call: Call, *, phone_number: str) -> dict[str, Any]:
    if not sms_store.delete_sandbox_number(call.tx, call.account, phone_number):
        raise _no_such_number()
    return {}


def list_sms_sandbox_phone_numbers(
    call: Call, *, next_token: str | None = None, max_results: int = 100
) -> dict[str, Any]:
    after = topics.position_after(next_token)
    page = sms_store.sandbox_numbers(call.tx, call.account, after, max_results + 1)
    answer: dict[str, Any] = {
        "PhoneNumbers": [
            {"PhoneNumber": number, "Status": "Verified" if is_verified else "Pending"}
            for number, is_verified in page[:max_results]
        ]
    }
    if len(page) > max_results:
        answer["NextToken"] = pagination.encode(page[max_results - 1][0])
    return answer


def _no_such_number() -> AwsError:
    return AwsError("ResourceNotFound", "The phone number is not in the sandbox", 404)
