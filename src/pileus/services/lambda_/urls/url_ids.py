"""The first label of a URL's host: 32 letters and digits, which tell the account that has it.

A request to a URL names nothing but its id and region; the account's list of names has the rest.
"""

from __future__ import annotations

import re

from pileus.kernel.ids import Ids

# Between the id and the region.
HOST_PART = ".lambda-url."

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_NOISE_LENGTH = 24
_ACCOUNT_LENGTH = 8
_ACCOUNTS = 10**12
_MODULUS = len(_DIGITS) ** _ACCOUNT_LENGTH
# Spreads the noise over all digits of the account.
_FACTOR = 1_000_003
_FORM = re.compile(r"[0-9a-z]{32}")


def new(ids: Ids, account: str) -> str:
    noise = ids.letters(_NOISE_LENGTH, _DIGITS)
    number = (int(account) + _shift(noise)) % _MODULUS
    digits = []
    for _ in range(_ACCOUNT_LENGTH):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return noise + "".join(reversed(digits))


def account_of(url_id: str) -> str | None:
    """The account that an id tells; None where it has not the form of one."""
    if not _FORM.fullmatch(url_id):
        return None
    noise, told = url_id[:_NOISE_LENGTH], url_id[_NOISE_LENGTH:]
    account = (int(told, len(_DIGITS)) - _shift(noise)) % _MODULUS
    return f"{account:012d}" if account < _ACCOUNTS else None


def _shift(noise: str) -> int:
    """Ids of one account shall not end alike."""
    return int(noise[:_ACCOUNT_LENGTH], len(_DIGITS)) * _FACTOR
