"""Items in Amazon Ion: attribute values are Ion's own, sets are lists with an annotation."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

from pileus.languages.item_expressions.values import SETS, Item, Value

# docs: S3DataExport.Output, Amazon Ion
_MARKER = b"$ion_1_0 "
_SET = "$dynamodb_"
_DEPTH_MAX = 64


class IonInvalid(Exception):
    """A text that is no Ion, or an Ion value that no attribute can have."""


def line(members: dict[str, Item]) -> bytes:
    """One line of a data file."""
    shown = ",".join(f"{name}:{_struct(item)}" for name, item in members.items())
    return _MARKER + f"{{{shown}}}\n".encode("utf-8", "surrogatepass")


def _struct(item: Item) -> str:
    return "{" + ",".join(f"{_string(name)}:{_text(each)}" for name, each in item.items()) + "}"


def _text(value: Value) -> str:
    ((kind, content),) = value.items()
    if kind in SETS:
        members = ",".join(_text({SETS[kind]: each}) for each in content)
        return f"{_SET}{kind}::[{members}]"
    match kind:
        case "S":
            return _string(content)
        case "N":
            return _number(content)
        case "B":
            return "{{" + base64.b64encode(content).decode() + "}}"
        case "BOOL":
            return "true" if content else "false"
        case "NULL":
            return "null"
        case "L":
            return "[" + ",".join(map(_text, content)) + "]"
    return _struct(content)


def _string(text: str) -> str:
    # JSON's strings are strings of Ion.
    return json.dumps(text, ensure_ascii=False)


def _number(text: str) -> str:
    """A decimal: without a point or an exponent Ion would take it for an integer."""
    lowered = text.lower().replace("e+", "e")
    if "e" in lowered:
        return lowered.replace("e", "d")
    return lowered if "." in lowered else f"{lowered}."


def documents(content: bytes) -> Iterator[Any]:
    """The structs of an Ion text or binary, also those in lists. Raises IonInvalid."""
    # It takes 40 ms to load, and most never need it.
    from amazon.ion import simpleion
    from amazon.ion.exceptions import IonException

    try:
        values = simpleion.loads(content, single_value=False)
    except (IonException, ValueError, TypeError, RecursionError) as problem:
        raise IonInvalid(str(problem)) from None
    for value in values:
        if isinstance(value, list):
            yield from value
        else:
            yield value


def item_of(document: Any) -> Item:
    """The item of `{Item: {...}}`. Raises IonInvalid."""
    if not isinstance(document, Mapping) or not isinstance(document.get("Item"), Mapping):
        raise IonInvalid("The Ion value has no struct named Item")
    return {str(name): _value(each, 0) for name, each in document["Item"].items()}


def _value(given: Any, depth: int) -> Value:
    from amazon.ion.core import IonType

    if depth > _DEPTH_MAX:
        raise IonInvalid("The Ion value is nested too deeply")
    names = [annotation.text for annotation in getattr(given, "ion_annotations", ())]
    for kind, of in SETS.items():
        if f"{_SET}{kind}" in names:
            if not isinstance(given, list):
                raise IonInvalid(f"{_SET}{kind} is not a list")
            return {kind: [_value(each, depth + 1).get(of) for each in given]}
    match getattr(given, "ion_type", None):
        case IonType.NULL:
            return {"NULL": True}
        case IonType.BOOL:
            return {"BOOL": bool(given)}
        case IonType.STRING | IonType.SYMBOL:
            return {"S": getattr(given, "text", None) or str(given)}
        case IonType.BLOB | IonType.CLOB:
            return {"B": bytes(given)}
        case IonType.INT | IonType.DECIMAL | IonType.FLOAT:
            return {"N": str(given)}
        case IonType.LIST | IonType.SEXP:
            return {"L": [_value(each, depth + 1) for each in given]}
        case IonType.STRUCT:
            members = given.items()
            return {"M": {str(name): _value(each, depth + 1) for name, each in members}}
    raise IonInvalid("An Ion timestamp is no attribute value")
