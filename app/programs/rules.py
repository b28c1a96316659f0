"""What holds for everything that is sent outside, as pure decisions. Imports nothing of ours."""

import ipaddress
from typing import NamedTuple

FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 300.0
# What could not be delivered for so long is given up, until somebody sends it again.
GIVEN_UP_AFTER_H = 24
# For so long (days) it is told what became of it.
DELIVERED_DAYS, FAILED_DAYS = 7, 30
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")


class Outcome(NamedTuple):
    """What came of one attempt.

    Attributes:
        status: of the answer (HTTP, SMTP); None for none.
        error: what was wrong, in a few words of ours; None where it was taken.
    """

    status: int | None
    error: str | None


def pause_s(failures: int) -> float:
    """Seconds to wait after so many failures in a row (1 or more)."""
    return min(FIRST_PAUSE_S * 2.0 ** min(failures - 1, 20), LONGEST_PAUSE_S)


def is_public(address: str) -> bool:
    """Whether an IP address lies on the internet: not private, loopback, link-local or reserved.

    Raises:
        ValueError: it is no IP address.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip in _TRANSLATED:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
        if inner is not None:
            ip = inner
    return ip.is_global and not ip.is_multicast
