"""How many bytes items take, as DynamoDB counts and charges them.

docs: amazondynamodb/latest/developerguide/CapacityUnitCalculations
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pileus.languages.item_expressions.values import Item, Value

CONTAINER_BYTES = 3
ELEMENT_BYTES = 1


def of_item(item: Item) -> int:
    return sum(of_text(name) + of_value(value) for name, value in item.items())


def of_value(value: Value) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return of_text(content)
        case "N":
            return of_number(content)
        case "B":
            return len(content)
        case "SS":
            return sum(map(of_text, content))
        case "NS":
            return sum(map(of_number, content))
        case "BS":
            return sum(map(len, content))
        case "L":
            return CONTAINER_BYTES + sum(ELEMENT_BYTES + of_value(each) for each in content)
        case "M":
            return CONTAINER_BYTES + sum(
                ELEMENT_BYTES + of_text(name) + of_value(each) for name, each in content.items()
            )
    return 1


def of_text(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def of_number(text: str) -> int:
    """A byte for each two significant digits, one more, and one for a negative sign."""
    whole, _, fraction = text.lstrip("-").partition(".")
    digits = (whole + fraction).strip("0") if fraction else whole.strip("0")
    return (len(digits) + 1) // 2 + 1 + (text[0] == "-")
