"""Error bodies: one file a dialect, each renders a refusal as that API would answer it and parses what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from imagegate.bodies import fastapi, fhir, google_rpc, neolens, pearmedica, problem, telesoft
from imagegate.bodies.model import Answer, Dialect, ParsedBody, Refusal
from imagegate.privacy import echoed

__all__ = ["BODIES", "Answer", "Dialect", "ParsedBody", "Refusal", "dialect"]

# No documented body is taken by two. Another may be, for RFC 9457 allows any further member: then the first to take it
# is its dialect, so the strictest stand first.
BODIES: Final[Mapping[str, Dialect]] = MappingProxyType(
    {
        "fhir": Dialect(fhir.render, fhir.parse),
        "telesoft": Dialect(telesoft.render, telesoft.parse),
        "neolens": Dialect(neolens.render, neolens.parse),
        "pearmedica": Dialect(pearmedica.render, pearmedica.parse),
        "fastapi": Dialect(fastapi.render, fastapi.parse),
        "google_rpc": Dialect(google_rpc.render, google_rpc.parse),
        "problem": Dialect(problem.render, problem.parse),
    }
)


def dialect(api: str) -> Dialect:
    """The dialect of a name; ValueError where there is none."""
    if api not in tuple(BODIES):  # what is no text may have no hash
        raise ValueError(f"api must be one of {', '.join(map(repr, BODIES))}, got {echoed(api)}")
    return BODIES[api]
