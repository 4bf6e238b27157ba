"""Every compiled regular expression of the package, by the name of the module's global that has it."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import imagegate

SEARCHES = ("search", "finditer", "findall", "sub", "subn")


# These need an app's settings to be imported.
UNREAD = ("imagegate.__main__", "imagegate.frameworks.django", "imagegate.frameworks.drf")


def modules() -> Iterator[Any]:
    """Every module, but for UNREAD and those that need what is not installed."""
    for found in pkgutil.walk_packages(imagegate.__path__, "imagegate."):
        if found.name not in UNREAD:
            with suppress(ImportError):
                yield importlib.import_module(found.name)


def within(value: object) -> Iterator[re.Pattern[Any]]:
    """The patterns in a value, or in the containers that it is made of."""
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, Mapping):
        yield from within(list(value.values()))
    elif isinstance(value, (tuple, list, set, frozenset)):
        for each in value:
            yield from within(each)


def patterns() -> dict[str, re.Pattern[Any]]:
    """Each pattern once, by the name of a global that has it: `imagegate.web.parts._BOUNDARY`."""
    found: dict[re.Pattern[Any], str] = {}
    for module in modules():
        for name, value in vars(module).items():
            for number, pattern in enumerate(within(value)):
                found.setdefault(pattern, f"{module.__name__}.{name}" + (f"[{number}]" if number else ""))
    return {name: pattern for pattern, name in found.items()}


def searched(name: str) -> bool:
    """Whether a pattern, named as above, is searched for and not only matched at a place."""
    module, own = name.partition("[")[0].rpartition(".")[::2]
    tree = ast.parse(inspect.getsource(importlib.import_module(module)))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    searching = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr in SEARCHES]
    # Whoever is handed a pattern may search for it, but for `stepwise.end_of`.
    handed_on = (argument for call in calls if _name(call.func) != "end_of" for argument in call.args)
    return own in {*(_name(call.func.value) for call in searching), *map(_name, handed_on)}


def _name(node: ast.expr) -> str:
    """The name that an expression is of, or is an item of."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def uses_of_re() -> Iterator[tuple[str, str, bool]]:
    """File, function of `re` and whether it stands in a function, for each call that has its pattern in it."""
    for path in sorted(Path(imagegate.__path__[0]).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        inner = {
            call
            for node in ast.walk(tree)
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            for call in ast.walk(node)
        }
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and _name(call.func.value) == "re":
                yield (
                    path.name,
                    call.func.attr,
                    call in inner and isinstance(call.args[0], (ast.Constant, ast.JoinedStr)),
                )
