"""DynamoDB's numbers: 38 significant digits, magnitudes from 1E-130 up to 9.99...E+125.

docs: amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes
"""

from __future__ import annotations

import re
from decimal import Context, Decimal, InvalidOperation
from functools import lru_cache

from pileus.languages.item_expressions.errors import ValueInvalid

DIGITS_MAX = 38
_EXPONENT_MAX, _EXPONENT_MIN = 125, -130
_FORM = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,9})?", re.ASCII)
_PLAIN = re.compile(r"(?:0|-?[1-9]\d{0,37})", re.ASCII)
# More digits than a result can have before it is looked at: sums of distant magnitudes.
_WIDE = Context(prec=400, Emax=999_999, Emin=-999_999)


def canonical(text: str) -> str:
    """The number as DynamoDB shows it: no exponent, no zeros that say nothing."""
    if _PLAIN.fullmatch(text):
        return text
    return shown(parse(text))


@lru_cache(maxsize=4096)
def parse(text: str) -> Decimal:
    """Raises ValueInvalid for what is no number, or too precise, too large or too small."""
    if not _FORM.fullmatch(text):
        raise ValueInvalid(
            f"The parameter cannot be converted to a numeric value: {text}"
            if text
            else "The parameter cannot be converted to a numeric value"
        )
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueInvalid(
            f"The parameter cannot be converted to a numeric value: {text}"
        ) from None
    return checked(number)


def checked(number: Decimal) -> Decimal:
    """The number, if DynamoDB can hold it."""
    if not number:
        return Decimal(0)
    magnitude = number.adjusted()
    if magnitude > _EXPONENT_MAX:
        raise ValueInvalid(
            "Number overflow. Attempting to store a number with magnitude larger than "
            "supported range"
        )
    if magnitude < _EXPONENT_MIN:
        raise ValueInvalid(
            "Number underflow. Attempting to store a number with magnitude smaller than "
            "supported range"
        )
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    if len(digits) > DIGITS_MAX:
        raise ValueInvalid("Attempting to store more than 38 significant digits in a Number")
    return number


def shown(number: Decimal) -> str:
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text if number else "0"


def plus(one: str, other: str) -> str:
    """Raises ValueInvalid where the sum cannot be held exactly."""
    return shown(checked(_WIDE.add(parse(one), parse(other))))


def minus(one: str, other: str) -> str:
    return shown(checked(_WIDE.subtract(parse(one), parse(other))))
