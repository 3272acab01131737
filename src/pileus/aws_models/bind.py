"""Binds a Python function's keywords to an operation's members, as boto3 names them."""

from __future__ import annotations

import inspect
import keyword
from collections.abc import Callable, Mapping
from typing import Any, NotRequired, Required, Unpack, get_args, get_origin, get_type_hints

from botocore import xform_name

from pileus.aws_models.load import OperationModel


def function_name(operation_name: str) -> str:
    """What boto3 calls an operation: `ReceiveMessage` -> `receive_message`."""
    return _python_name(operation_name)


def keyword_name(member_name: str) -> str:
    """What a function calls a member: `QueueUrl` -> `queue_url`, `From` -> `from_`."""
    return _python_name(member_name)


class Binding:
    """How the members of one operation become the keywords of one function."""

    __slots__ = ("_keywords",)

    def __init__(self, keywords: dict[str, str]) -> None:
        self._keywords = keywords

    def keywords(self, params: Mapping[str, Any]) -> dict[str, Any]:
        names = self._keywords
        return {names[name]: value for name, value in params.items() if name in names}

    def ignored(self, params: Mapping[str, Any]) -> list[str]:
        """Members that were sent and that the function does not take."""
        known = self._keywords
        for name in params:
            if name not in known:
                return [name for name in params if name not in known]
        return []

    @property
    def members(self) -> frozenset[str]:
        """The members that the function takes."""
        return frozenset(self._keywords)


def bind(function: Callable[..., Any], operation: OperationModel) -> Binding:
    """Raises TypeError where the function's signature and the model do not fit together.

    A keyword must be a member, and has a default exactly where the member is optional.
    """
    shape = operation.input
    members = {} if shape is None else {keyword_name(name): name for name in shape.members}
    required = frozenset() if shape is None else shape.required
    problems = []
    keywords = {}
    for name, has_default in _keywords_of(function).items():
        member = members.get(name)
        if member is None:
            problems.append(f"{name} is no member")
            continue
        keywords[member] = name
        if has_default and member in required:
            problems.append(f"{name} has a default, but {member} is required")
        elif not has_default and member not in required:
            problems.append(f"{name} has no default, but {member} is optional")
    missing = required.difference(keywords)
    problems += [f"the required member {member} is not taken" for member in sorted(missing)]
    if problems:
        where = f"{function.__module__}.{function.__qualname__}"
        what = f"{operation.service.name} {operation.name}"
        raise TypeError(f"{where} does not fit {what}: {'; '.join(problems)}")
    return Binding(keywords)


def _python_name(name: str) -> str:
    found: str = xform_name(name).replace("-", "_")
    return f"{found}_" if keyword.iskeyword(found) else found


def _keywords_of(function: Callable[..., Any]) -> dict[str, bool]:
    """The keywords that a function takes, each with whether it may be left out."""
    found: dict[str, bool] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY:
            found[parameter.name] = parameter.default is not parameter.empty
        elif parameter.kind is parameter.VAR_KEYWORD:
            found |= _unpacked(function, parameter.annotation)
        elif parameter.kind is parameter.VAR_POSITIONAL:
            raise TypeError(f"{function.__qualname__} takes *{parameter.name}")
    return found


def _unpacked(function: Callable[..., Any], annotation: Any) -> dict[str, bool]:
    """The keys of the TypedDict in `**settings: Unpack[Settings]` (PEP 692)."""
    if isinstance(annotation, str):
        # Only this annotation is resolved: others may name what is imported for checking only.
        annotation = eval(annotation, function.__globals__)
    if get_origin(annotation) is not Unpack:
        raise TypeError(f"{function.__qualname__} takes **settings that are no Unpack[TypedDict]")
    (settings,) = get_args(annotation)
    found = {}
    for key, hint in get_type_hints(settings, include_extras=True).items():
        origin = get_origin(hint)
        is_required = key in settings.__required_keys__
        found[key] = origin is NotRequired or not (is_required or origin is Required)
    return found
