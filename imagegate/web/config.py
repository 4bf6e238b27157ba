"""Settings: the bounds of the service, from a file, over it the environment, over that the command line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from imagegate.policy import PROFILES, Isolation, Policy, resolve
from imagegate.workers import cores

MEBIBYTE: Final = 1 << 20
PREFIX: Final = "IMAGEGATE_"
FILE: Final = f"{PREFIX}CONFIG"

Count = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0, le=3600)]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What bounds the service.

    Attributes:
        host: Address that it listens on.
        port: Port that it listens on; 0 for any that is free.
        profile: Profile that judges where a request names none.
        policy: File of a policy that judges then instead of a profile; "" for none.
        isolation: "process" reads the body of each request in a worker process, whatever the policy says; "none" reads
            it in a thread of the service, where one picture that crashes its decoder ends the service.
        workers: Worker processes, or threads, that judge pictures.
        queue: Requests that may wait for one of them.
        connections: Connections that may be open.
        client_connections: Those of one client. Proxies that FORWARDED_ALLOW_IPS names have no such bound.
        largest_body: Bytes of the largest request.
        bytes_in_flight: Bytes of requests that may be in memory.
        slowest_upload: Bytes a second below which an upload is cut off.
        deadline: Seconds from the last byte of a request to its answer.
        client_rate: Requests a second of one client, of which ten seconds' worth may come at once; 0 for any number.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 8000
    profile: str = "default"
    policy: str = ""
    isolation: Isolation = "process"
    workers: Count = msgspec.field(default_factory=cores)
    queue: Annotated[int, Meta(ge=0)] = 32
    connections: Count = 512
    client_connections: Count = 64
    largest_body: Count = 32 * MEBIBYTE
    bytes_in_flight: Count = 256 * MEBIBYTE
    slowest_upload: Count = 8 * 1024
    deadline: Seconds = 10.0
    client_rate: Annotated[float, Meta(ge=0)] = 0.0

    def to_toml(self) -> str:
        """The settings as a file that `load` reads back."""
        return msgspec.toml.encode(self).decode()

    def judge(self) -> Policy:
        """The policy that judges where a request names none.

        Raises:
            ValueError, TypeError: There is no such profile, or the file holds no policy.
            OSError: The file cannot be read.
        """
        return Policy.from_file(self.policy) if self.policy else resolve(self.profile)


def load(environment: Mapping[str, str], **options: Any) -> Settings:
    """The settings in force.

    Args:
        environment: IMAGEGATE_ and the name of a setting in capitals; IMAGEGATE_CONFIG names the file.
        **options: What was said on the command line; None where nothing was.

    Raises:
        ValueError: A setting is unknown, or has a value that it cannot have; the message names it.
        OSError: The file cannot be read.
    """
    stated = _from_file(environment.get(FILE, ""))
    stated |= {name: environment[key] for name, key in _KEYS.items() if key in environment}
    stated |= {name: value for name, value in options.items() if value is not None}
    settings = msgspec.convert(stated, Settings, strict=False)
    if settings.profile not in PROFILES:
        raise ValueError(f"profile: there is no profile {settings.profile!r}; `imagegate profiles` lists them")
    if settings.bytes_in_flight < settings.largest_body:
        raise ValueError("bytes_in_flight must not be below largest_body, or the largest request is never taken")
    return settings


_KEYS: Final = {name: PREFIX + name.upper() for name in Settings.__struct_fields__}


def _from_file(name: str) -> dict[str, Any]:
    return msgspec.toml.decode(Path(name).read_bytes()) if name else {}
