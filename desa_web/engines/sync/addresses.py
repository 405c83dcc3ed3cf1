"""Which addresses of the internet may be asked: public ones, by our own list.

Python's own `is_global` changed its mind between versions. Here the list is written down once and
checked on the address that a connection is really made to, so that no name and no redirect leads
into the house.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

# RFC 6890 and its successors; each line is closed as a whole.
_CLOSED_4 = tuple(
    (int(net.network_address), int(net.broadcast_address))
    for net in map(
        ip_network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # behind a provider's NAT; a cloud's metadata, too
            "127.0.0.0/8",  # loopback
            "168.63.129.16/32",  # a cloud's host
            "169.254.0.0/16",  # link-local; metadata of most clouds
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments; a cloud's metadata
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # AMT
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",  # private
            "192.175.48.0/24",  # AS112
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/3",  # multicast, reserved, broadcast
        ),
    )
)
_PUBLIC_6 = ip_network("2000::/3")
_CLOSED_6 = tuple(
    ip_network(text)
    for text in (
        "2001::/23",  # protocol assignments; Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: given up, and hides an IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
# An IPv4 address in the clothes of IPv6: mapped, and translated (RFC 6052).
_MAPPED = ip_network("::ffff:0:0/96")
_NAT64 = ip_network("64:ff9b::/96")


# Nobody's own network either: who may look into his house still asks no cloud for its secrets.
_NEVER = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8", "100.100.100.200/32", "168.63.129.16/32", "169.254.0.0/16",
        "192.0.0.192/32", "224.0.0.0/3", "::/128", "fd00:ec2::254/128", "fd20:ce::254/128",
        "fe80::/10", "ff00::/8",
    )
)  # fmt: skip


@lru_cache(maxsize=4096)
def may_be_asked(text: str, *, allow_private: bool = False) -> bool:
    """Is this IP address one of the open internet, or at least of a network of our own?

    A name or nonsense is neither. allow_private opens the house, but no metadata of a cloud.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and (address in _MAPPED or address in _NAT64):
        address = IPv4Address(int(address) & 0xFFFFFFFF)
    if allow_private:
        return not any(address in net for net in _NEVER)
    if isinstance(address, IPv4Address):
        return _is_public_4(address)
    return _is_public_6(address)


def _is_public_4(address: IPv4Address) -> bool:
    number = int(address)
    return not any(first <= number <= last for first, last in _CLOSED_4)


def _is_public_6(address: IPv6Address) -> bool:
    if address.scope_id is not None or address not in _PUBLIC_6:
        return False
    return not any(address in net for net in _CLOSED_6)
