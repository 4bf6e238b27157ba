"""help(), inspect.signature and typing.get_type_hints work on every public name."""

import importlib
import inspect
import pkgutil
import pydoc
import typing

import pytest

import imagegate
from tests.frameworks import conftest  # noqa: F401 - it configures Django, without whose settings its fields have no help


def modules():
    """All of the package's but the parts of the command line, which are no API and load late what they need."""
    for found in pkgutil.walk_packages(imagegate.__path__, "imagegate."):
        if not found.name.startswith("imagegate.cli.") and not found.name.endswith("__main__"):
            yield found.name


def described(thing):
    """A class or function, and the public methods and properties of a class."""
    yield thing
    if inspect.isclass(thing):
        for name, value in vars(thing).items():
            inner = inspect.unwrap(getattr(value, "fget", None) or getattr(value, "__func__", None) or value)
            if inspect.isfunction(inner) and not name.startswith("_"):
                yield inner


def own(module):
    """The public classes and functions that a module defines."""
    for name, value in vars(module).items():
        if not name.startswith("_") and callable(value) and getattr(value, "__module__", None) == module.__name__:
            yield value


def has_signature(thing):
    """Python itself tells none of a class whose constructor is one of its own, as an exception's."""
    return not inspect.isclass(thing) or inspect.isfunction(thing.__init__) or inspect.isfunction(thing.__new__)


def refuse_undescribed(thing):
    for part in described(thing):
        assert typing.get_type_hints(part) is not None
        assert not has_signature(part) or inspect.signature(part)
    assert pydoc.render_doc(thing)


@pytest.mark.parametrize("name", imagegate.__all__)
def test_a_public_name_can_be_asked_for_its_help_its_signature_and_its_types(name):
    value = getattr(imagegate, name)

    assert pydoc.render_doc(value)
    if callable(value):
        refuse_undescribed(value)


@pytest.mark.parametrize("name", ["imagegate", *modules()])
def test_a_module_and_all_that_it_defines_can_be_asked_for_theirs(name):
    module = importlib.import_module(name)

    assert pydoc.render_doc(module)
    for thing in own(module):
        refuse_undescribed(thing)


def test_the_fields_of_a_report_have_the_types_that_they_are_documented_with():
    hints = typing.get_type_hints(imagegate.Report)

    assert hints["findings"] == tuple[imagegate.Finding, ...]
    assert hints["measurements"] == imagegate.Measurements | None
    assert "measurements: imagegate.measurements.Measurements | None" in pydoc.render_doc(imagegate.Report)
