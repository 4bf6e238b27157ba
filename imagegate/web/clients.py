"""Who sends how much: the rate of each client, kept for so many clients and no more."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from time import monotonic
from typing import Final

# Seconds' worth of requests that may come at once: an app sends a handful of photos, then nothing for long.
BURST_SECONDS: Final = 10.0
# Clients that are remembered. Who was longest silent is forgotten first, and has most of his share again by then.
MOST_CLIENTS: Final = 10_000
# Of IPv6, a household or a phone has a network of 64 bits (RFC 6177).
_NETWORK_BITS: Final = 64


class Rates:
    """The generic cell rate algorithm (ITU-T I.371): of each client one time, at which its share is whole again."""

    def __init__(self, rate: float) -> None:
        self._interval = 1 / rate
        self._whole_at: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        """Clients that are remembered."""
        return len(self._whole_at)

    def wait(self, address: str) -> float:
        """Seconds that this client has to wait; 0 where its request is taken, and then it is counted."""
        client, now = _network(address), monotonic()
        whole_at = max(now, self._whole_at.get(client, now)) + self._interval
        early = whole_at - now - max(BURST_SECONDS, self._interval)
        if early > 0:
            return early
        self._whole_at[client] = whole_at
        self._whole_at.move_to_end(client)
        if len(self._whole_at) > MOST_CLIENTS:
            self._whole_at.popitem(last=False)
        return 0.0


def _network(address: str) -> str:
    try:
        version = ipaddress.ip_address(address).version
    except ValueError:  # a Unix socket has no address
        return address
    return address if version == 4 else str(ipaddress.ip_network((address, _NETWORK_BITS), strict=False))  # noqa: PLR2004 - IPv4
