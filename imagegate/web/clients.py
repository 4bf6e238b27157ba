"""Who sends how much: the rate and the connections of each client, an IPv4 address or an IPv6 network of 64 bits."""

from __future__ import annotations

import ipaddress
from collections import Counter, OrderedDict
from collections.abc import Callable
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


class Shares:
    """Connections of each client.

    Args:
        most: How many one client may have.
        is_proxy: Whether an address is a proxy's, which brings many clients.
    """

    def __init__(self, most: int, is_proxy: Callable[[str], bool]) -> None:
        self._most = most
        self._is_proxy = is_proxy
        self._open: Counter[str] = Counter()

    def __len__(self) -> int:
        """Clients that have a connection."""
        return len(self._open)

    def take(self, address: str) -> bool:
        """Count a connection, unless its client has as many as it may."""
        client = _network(address)
        if self._open[client] >= self._most and not any(map(self._is_proxy, (address, client))):
            return False
        self._open[client] += 1
        return True

    def give_back(self, address: str) -> None:
        """A connection that was counted is closed."""
        client = _network(address)
        self._open[client] -= 1
        if not self._open[client]:
            del self._open[client]


def _network(address: str) -> str:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:  # a Unix socket has no address
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return address
    # As a socket that listens to both has IPv4: all of it is in one network.
    return str(ip.ipv4_mapped or ipaddress.IPv6Network((int(ip), _NETWORK_BITS), strict=False))
