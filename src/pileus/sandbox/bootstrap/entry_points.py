"""From a handler's name to the function that it means."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

from . import failures
from .failures import Fault

Handler = Callable[[Any, Any], Any]


def resolve(name: str) -> Handler:
    """Import the module of `directory/module.function`; raises Fault in AWS's words."""
    try:
        module_name, function_name = name.rsplit(".", 1)
    except ValueError as error:
        raise Fault(failures.MALFORMED_HANDLER_NAME, f"Bad handler '{name}': {error}") from None
    if module_name.partition(".")[0] in sys.builtin_module_names:
        raise Fault(
            failures.BUILT_IN_MODULE_CONFLICT,
            f"Cannot use built-in module {module_name} as a handler module",
        )
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault(
            failures.IMPORT_MODULE_ERROR, f"Unable to import module '{module_name}': {error}"
        ) from None
    except SyntaxError as error:
        stack = [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}']
        raise Fault(
            failures.SYNTAX_ERROR, f"Syntax error in module '{module_name}': {error}", stack
        ) from None
    try:
        handler: Handler = getattr(module, function_name)
    except AttributeError:
        raise Fault(
            failures.HANDLER_NOT_FOUND,
            f"Handler '{function_name}' missing on module '{module_name}'",
        ) from None
    return handler
