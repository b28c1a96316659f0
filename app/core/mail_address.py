"""What is an e-mail address to us: plain ASCII, and one host by its name. Pure.

Narrower than the standard on purpose: quoted local parts, comments and address literals are
refused, and with them everything that could become a second header or a second recipient.
"""

import re

LONGEST = 254
LONGEST_LOCAL = 64
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(\.{_ATOM})*", re.ASCII)
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?", re.ASCII)


def fault_of(address: str) -> str | None:
    """Why nothing can be sent to an address; None for a usable one. `localhost` needs no dot."""
    if len(address) > LONGEST:
        return f"must be up to {LONGEST} characters"
    local, at, host = address.rpartition("@")
    if not at or "@" in local:
        return "must have one @"
    if len(local) > LONGEST_LOCAL or not _LOCAL.fullmatch(local):
        return "has characters before the @ that cannot be used"
    labels = host.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels):
        return "must name a host after the @, in ASCII"
    if len(labels) < 2 and host.lower() != "localhost":
        return "must name a host with a dot after the @"
    return None


def host_of(address: str) -> str:
    """The host of an address that can be used; what stands before it may tell of somebody."""
    return address.rpartition("@")[2]
