"""Text messages to one phone, what an account sets for them, and the sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from e2e.sns.asking import invalid, refusal
from e2e.sns.test_letters import outbox
from support.running import Running

NUMBER = "+15555550100"


def test_a_phone_gets_a_text_as_the_account_has_set(
    pileus: Running, sns: Any, account: str
) -> None:
    sns.set_sms_attributes(
        attributes={"DefaultSenderID": "Pileus", "DefaultSMSType": "Transactional"}
    )
    message_id = sns.publish(PhoneNumber=NUMBER, Message="Hello")["MessageId"]
    (sent,) = outbox(pileus, account)
    assert (NUMBER, "Hello", "Pileus", {"SMSType": "Transactional", "MessageId": message_id}) == (
        sent["to"],
        sent["body"],
        sent["sender"],
        sent["attributes"],
    )


@pytest.mark.parametrize("number", ["+1a234", "NAA+15551234567", "+0123"])
def test_numbers_that_are_none(sns: Any, number: str) -> None:
    assert invalid(f"PhoneNumber Reason: {number} is not valid to publish to") == refusal(
        sns.publish, PhoneNumber=number, Message="m"
    )


def test_a_text_has_a_length(sns: Any) -> None:
    assert invalid("Message too long") == refusal(
        sns.publish, PhoneNumber=NUMBER, Message="m" * 1601
    )


def test_settings_are_given_back(sns: Any) -> None:
    sns.set_sms_attributes(attributes={"DefaultSenderID": "Pileus"})
    assert {"DefaultSenderID": "Pileus", "MonthlySpendLimit": "1"} == (
        sns.get_sms_attributes()["attributes"]
    )
    assert {"DefaultSenderID": "Pileus"} == (
        sns.get_sms_attributes(attributes=["DefaultSenderID"])["attributes"]
    )


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("InvalidAttribute", "x", "InvalidAttribute is not a valid attribute"),
        ("DefaultSendID", "x", "DefaultSendID is not a valid attribute"),
        ("DefaultSMSType", "Loud", "DefaultSMSType is invalid"),
        ("DefaultSenderID", "123", "DefaultSenderID is invalid"),
    ],
)
def test_settings_that_are_refused(sns: Any, name: str, value: str, words: str) -> None:
    assert ("InvalidParameter", words) == refusal(sns.set_sms_attributes, attributes={name: value})


def test_nobody_is_opted_out(sns: Any) -> None:
    sns.opt_in_phone_number(phoneNumber=NUMBER)
    assert (False, []) == (
        sns.check_if_phone_number_is_opted_out(phoneNumber=NUMBER)["isOptedOut"],
        sns.list_phone_numbers_opted_out()["phoneNumbers"],
    )
    assert invalid("PhoneNumber Reason: input incorrectly formatted") == refusal(
        sns.check_if_phone_number_is_opted_out, phoneNumber="x"
    )


def test_an_account_has_no_numbers_of_its_own_and_no_sandbox(sns: Any) -> None:
    assert ([], False) == (
        sns.list_origination_numbers()["PhoneNumbers"],
        sns.get_sms_sandbox_account_status()["IsInSandbox"],
    )


def numbers(sns: Any) -> list[dict[str, str]]:
    found: list[dict[str, str]] = sns.list_sms_sandbox_phone_numbers()["PhoneNumbers"]
    return found


def test_a_number_is_verified_by_what_the_phone_was_sent(
    pileus: Running, sns: Any, account: str
) -> None:
    sns.create_sms_sandbox_phone_number(PhoneNumber=NUMBER)
    assert [{"PhoneNumber": NUMBER, "Status": "Pending"}] == numbers(sns)
    password = outbox(pileus, account)[0]["body"].partition(" ")[0]
    wrong = "000000" if password != "000000" else "111111"
    assert (
        "VerificationException"
        == refusal(sns.verify_sms_sandbox_phone_number, PhoneNumber=NUMBER, OneTimePassword=wrong)[
            0
        ]
    )
    sns.verify_sms_sandbox_phone_number(PhoneNumber=NUMBER, OneTimePassword=password)
    assert [{"PhoneNumber": NUMBER, "Status": "Verified"}] == numbers(sns)
    sns.delete_sms_sandbox_phone_number(PhoneNumber=NUMBER)
    assert [] == numbers(sns)
    assert "ResourceNotFound" == refusal(sns.delete_sms_sandbox_phone_number, PhoneNumber=NUMBER)[0]


def test_an_empty_value_takes_a_setting_back(sns: Any) -> None:
    sns.set_sms_attributes(attributes={"DefaultSMSType": "Transactional", "DefaultSenderID": "Me"})
    sns.set_sms_attributes(attributes={"DefaultSMSType": "", "MonthlySpendLimit": ""})
    assert {"DefaultSenderID": "Me", "MonthlySpendLimit": "1"} == (
        sns.get_sms_attributes()["attributes"]
    )
