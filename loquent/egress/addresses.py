"""Decide which IP addresses the server may connect to. Pure."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

NAT64 = IPv6Network("64:ff9b::/96")
LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")
# Only these are routed on the internet.
GLOBAL_IPV6 = IPv6Network("2000::/3")
# `ipaddress` calls these global, depending on Python's version.
NOT_PUBLIC: tuple[Network, ...] = (
    IPv4Network("100.64.0.0/10"),
    # Protocol assignments, with Oracle's metadata address.
    IPv4Network("192.0.0.0/24"),
    # Anycast relays of 6to4.
    IPv4Network("192.88.99.0/24"),
    # The host agent of Azure's virtual machines.
    IPv4Network("168.63.129.16/32"),
    # Documentation.
    IPv6Network("3fff::/20"),
)
# Where RFC 6052 puts an IPv4 address into a prefix of 48, 56, 64 and 96 bits.
NAT64_BYTES = ((6, 7, 9, 10), (7, 9, 10, 11), (9, 10, 11, 12), (12, 13, 14, 15))


def embedded_addresses(address: Address) -> list[Address]:
    """Return the addresses that packets to this one may end up at; by default, itself."""
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address.sixtofour is not None:
        return [address.sixtofour]
    if address.teredo is not None:
        # Teredo tunnels exist only for private hosts: the address itself is refused, too.
        return [address, *address.teredo]
    packed = address.packed
    if address in NAT64 or (address in LOCAL_NAT64 and not any(packed[6:12])):
        return [IPv4Address(packed[12:])]
    if address in LOCAL_NAT64:
        # The operator of the network chose the length of the prefix.
        return [IPv4Address(bytes(packed[i] for i in places)) for places in NAT64_BYTES]
    return [address]


def is_public(address: Address) -> bool:
    """Return whether an address without another one inside belongs to the public internet."""
    if isinstance(address, IPv6Address) and address not in GLOBAL_IPV6:
        return False
    if any(address in network for network in NOT_PUBLIC):
        return False
    return address.is_global and not (
        address.is_multicast
        or address.is_reserved
        or address.is_private
        or address.is_loopback
        or address.is_link_local
        or address.is_unspecified
    )


def may_connect(address: Address | str, *, allowed: Sequence[Network]) -> bool:
    """Return whether the server may connect: to public addresses, and to `allowed` networks.

    An address that contains an IPv4 address counts as that one.
    """
    if isinstance(address, str):
        address = ip_address(address)
    return all(
        any(inner in network for network in allowed) or is_public(inner)
        for inner in embedded_addresses(address)
    )
