"""LIBRARIES: other libraries and tools that judge a picture, where they are installed."""

from __future__ import annotations

import base64
import functools
import io
import shutil
import subprocess
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple, TypeAlias

import cv2
import numpy as np

from benchmarks.speed.rivals import Run

Prepare: TypeAlias = Callable[[str], Run]


class Library(NamedTuple):
    """A row of the table.

    Attributes:
        name: Column of the table.
        install: How to get it.
        load: Loads it; returns its version, and the function that prepares one picture.
    """

    name: str
    install: str
    load: Callable[[], tuple[str, Prepare]]


def _prepared(judge: Callable[[str], object]) -> Prepare:
    return functools.partial(functools.partial, judge)


def _image_quality_ai() -> tuple[str, Prepare]:
    assess, pil = import_module("image_quality_ai").assess, import_module("PIL.Image")
    return version("image-quality-ai"), _prepared(lambda text: assess(pil.open(io.BytesIO(base64.b64decode(text)))))


def _capturetrust() -> tuple[str, Prepare]:
    """As an array, which spares it a file."""
    inspect_array = import_module("capturetrust").inspect_array
    return version("capturetrust"), _prepared(lambda text: inspect_array(_bgr(text)))


def _bgr(text: str) -> object:
    return cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), cv2.IMREAD_COLOR)


def _cleanvision() -> tuple[str, Prepare]:
    """Measure what its find_issues() does of blur, brightness and entropy, without its folders and data frames."""
    manager = import_module("cleanvision.issue_managers.image_property_issue_manager").ImagePropertyIssueManager()
    pil = import_module("PIL.Image")

    def judge(text: str) -> object:
        image = pil.open(io.BytesIO(base64.b64decode(text)))
        return [manager.image_properties[kind].calculate(image) for kind in ("blurry", "dark", "low_information")]

    return version("cleanvision"), _prepared(judge)


def _sharp() -> tuple[str, Prepare]:
    """A process of Node that is told when to run; it has the picture before the clock starts."""
    node = shutil.which("node")
    if node is None:
        raise ImportError("no Node")
    script = Path(__file__).with_name("sharp.js")
    asked = subprocess.run([node, script, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    if asked.returncode != 0:
        raise ImportError("Node finds no sharp")

    def prepare(text: str) -> Run:
        process = subprocess.Popen([node, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603

        def say(line: str) -> str:
            print(line, file=process.stdin, flush=True)
            answer = process.stdout.readline() if process.stdout else ""
            if not answer:
                raise RuntimeError("the process of sharp has ended")
            return answer

        say(text)
        return functools.partial(say, "")

    return asked.stdout.strip(), prepare


LIBRARIES = (
    Library("image-quality-ai", "pip install -e '.[rivals]'", _image_quality_ai),
    Library("capturetrust", "pip install -e '.[rivals]'", _capturetrust),
    Library("cleanvision", "pip install -e '.[rivals]'", _cleanvision),
    Library("sharp stats()", "npm install --no-save sharp, here or on NODE_PATH", _sharp),
)


class Others(NamedTuple):
    """The libraries that are there, and why the others are not.

    Attributes:
        prepare: From Base64 to the function that is timed, by name.
        versions: By name.
        skipped: Reason, by name.
    """

    prepare: dict[str, Prepare]
    versions: dict[str, str]
    skipped: dict[str, str]


def loaded(libraries: Sequence[Library] = LIBRARIES) -> Others:
    """Load what is installed."""
    others = Others({}, {}, {})
    for library in libraries:
        try:
            others.versions[library.name], others.prepare[library.name] = library.load()
        except ImportError as error:
            others.skipped[library.name] = f"{error}; {library.install}"
    return others
