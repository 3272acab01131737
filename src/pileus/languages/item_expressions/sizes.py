"""How many bytes items take, as DynamoDB counts and charges them.

docs: amazondynamodb/latest/developerguide/CapacityUnitCalculations
"""

from __future__ import annotations

from pileus.languages.item_expressions.values import Item, Value

_CONTAINER_BYTES = 3
_ELEMENT_BYTES = 1


def of_item(item: Item) -> int:
    return sum(_text(name) + of_value(value) for name, value in item.items())


def of_value(value: Value) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return _text(content)
        case "N":
            return _number(content)
        case "B":
            return len(content)
        case "SS":
            return sum(map(_text, content))
        case "NS":
            return sum(map(_number, content))
        case "BS":
            return sum(map(len, content))
        case "L":
            return _CONTAINER_BYTES + sum(_ELEMENT_BYTES + of_value(each) for each in content)
        case "M":
            return _CONTAINER_BYTES + sum(
                _ELEMENT_BYTES + _text(name) + of_value(each) for name, each in content.items()
            )
    return 1


def _text(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _number(text: str) -> int:
    """A byte for each two significant digits, one more, and one for a negative sign."""
    whole, _, fraction = text.lstrip("-").partition(".")
    digits = (whole + fraction).strip("0") if fraction else whole.strip("0")
    return (len(digits) + 1) // 2 + 1 + (text[0] == "-")
