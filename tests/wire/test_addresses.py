"""Which addresses a stranger's URL may lead to: every special range, and every disguise."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.wire.addresses import is_host, is_public

PUBLIC = {
    "a name server": "8.8.8.8",
    "the first address of all": "1.0.0.0",
    "below the private ten": "9.255.255.255",
    "above the private ten": "11.0.0.0",
    "below the carriers' range": "100.63.255.255",
    "above the carriers' range": "100.128.0.0",
    "below loopback": "126.255.255.255",
    "above loopback": "128.0.0.1",
    "below link-local": "169.253.255.255",
    "above link-local": "169.255.0.0",
    "below the private twelve": "172.15.255.255",
    "above the private twelve": "172.32.0.0",
    "below the private sixteen": "192.167.255.255",
    "above the private sixteen": "192.169.0.0",
    "below the benchmarks": "198.17.255.255",
    "above the benchmarks": "198.20.0.0",
    "the last below multicast": "223.255.255.255",
    "beside Azure's own": "168.63.129.17",
    "IPv6": "2606:4700:4700::1111",
    "IPv6 of a registry, above the assignments": "2001:200::1",
    "a public one through NAT64": "64:ff9b::8.8.8.8",
    "a public one as IPv6": "::ffff:8.8.8.8",
}
PRIVATE = {
    "this host": "0.0.0.0",
    "this network": "0.1.2.3",
    "ten": "10.0.0.1",
    "twelve": "172.16.0.1",
    "twelve, the last": "172.31.255.255",
    "sixteen": "192.168.1.1",
    "carriers": "100.64.0.1",
    "Alibaba's metadata": "100.100.100.200",
    "loopback": "127.0.0.1",
    "loopback, any": "127.255.255.254",
    "link-local": "169.254.1.1",
    "metadata": "169.254.169.254",
    "metadata of containers": "169.254.170.2",
    "Azure's own": "168.63.129.16",
    "Oracle's metadata": "192.0.0.192",
    "documentation, one": "192.0.2.1",
    "documentation, two": "198.51.100.1",
    "documentation, three": "203.0.113.1",
    "relays of 6to4": "192.88.99.1",
    "benchmarks": "198.18.0.1",
    "multicast": "224.0.0.1",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "IPv6, none": "::",
    "IPv6, loopback": "::1",
    "IPv6, link-local": "fe80::1",
    "IPv6, link-local with a zone": "fe80::1%eth0",
    "IPv6, public with a zone": "2606:4700:4700::1111%1",
    "IPv6, site-local": "fec0::1",
    "IPv6, unique local": "fd00::1",
    "IPv6, Amazon's metadata": "fd00:ec2::254",
    "IPv6, multicast": "ff02::1",
    "IPv6, discard": "100::1",
    "IPv6, documentation": "2001:db8::1",
    "IPv6, new documentation": "3fff::1",
    "IPv6, ORCHID": "2001:20::1",
    "IPv6, segment routing": "5f00::1",
    "IPv6, unassigned": "4000::1",
    "loopback as IPv6": "::ffff:127.0.0.1",
    "metadata as IPv6": "::ffff:a9fe:a9fe",
    "loopback as IPv6, the old way": "::127.0.0.1",
    "loopback translated": "::ffff:0:127.0.0.1",
    "metadata through NAT64": "64:ff9b::169.254.169.254",
    "ten through NAT64": "64:ff9b::a00:1",
    "NAT64 of a network's own": "64:ff9b:1::808:808",
    "6to4 of loopback": "2002:7f00:1::1",
    "6to4 of ten": "2002:a00:1::",
    "6to4 of anything": "2002:808:808::1",
    "Teredo": "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "ISATAP of ten": "2606:4700::5efe:a00:1",
    "ISATAP of ten, the other way": "2606:4700::200:5efe:a00:1",
}
NO_ADDRESS = {
    "nothing": "", "a name": "localhost", "short": "127.1", "one number": "2130706433",
    "octal": "0177.0.0.1", "hexadecimal": "0x7f.0.0.1", "in brackets": "[::1]",
    "with a port": "8.8.8.8:80", "with space": " 8.8.8.8", "too many parts": "8.8.8.8.8",
    "other digits": "８.8.8.8",
}  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC.values(), ids=PUBLIC)
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", [*PRIVATE.values(), *NO_ADDRESS.values()],
                         ids=[*PRIVATE, *NO_ADDRESS])  # fmt: skip
def test_addresses_nobody_else_can_reach(address: str) -> None:
    assert not is_public(address)


FOURS = st.ip_addresses(v=4) | st.sampled_from(
    [
        IPv4Address(address)
        for address in (*PUBLIC.values(), *PRIVATE.values())
        if ":" not in address
    ]
)


@given(FOURS)
def test_a_disguise_changes_nothing(address: IPv4Address) -> None:
    plain, number = is_public(str(address)), int(address)
    assert is_public(str(IPv6Address((0xFFFF << 32) + number))) == plain
    assert is_public(str(IPv6Address((0x64FF9B << 96) + number))) == plain


@given(FOURS)
def test_no_tunnel_is_public(address: IPv4Address) -> None:
    number = int(address)
    assert not is_public(str(IPv6Address((0x2002 << 112) + (number << 80))))
    assert not is_public(str(IPv6Address((0x20010000 << 96) + (number ^ 0xFFFFFFFF))))


@given(FOURS | st.ip_addresses(network="2000::/3"))
def test_what_is_public_is_global_to_python_too(address: IPv4Address | IPv6Address) -> None:
    # Not the other way round: its lists are those of its release, and know no cloud.
    assert address.is_global or not is_public(str(address))


HOSTS = {
    "a name": "example.com",
    "a name in full": "example.com.",
    "a name of digits": "123.example.com",
    "capitals": "WWW.Example.COM",
    "beyond ASCII, as browsers send it": "xn--bcher-kva.example",
    "with an underline": "my_bucket.s3.example",
    "an address": "8.8.8.8",
    "a private address, which is judged as one": "127.0.0.1",
    "IPv6": "2606:4700:4700::1111",
    "IPv6 in disguise, which is judged as one": "::ffff:127.0.0.1",
}
NO_HOSTS = {
    "nothing": "",
    "a dot": ".",
    "two dots": "a..example",
    "one label": "intranet",
    "this machine": "localhost",
    "this machine in full": "localhost.",
    "this machine's other names": "web.localhost",
    "this machine, shouting": "A.LOCALHOST",
    "the network's": "printer.local",
    "Google's metadata": "metadata.google.internal",
    "Google's metadata in full": "metadata.google.internal.",
    "at home": "nas.home.arpa",
    "in a company": "wiki.corp",
    "short": "127.1",
    "one number": "2130706433",
    "one octal number": "017700000001",
    "one hexadecimal number": "0x7f000001",
    "octal": "0177.0.0.1",
    "octal, in full": "0177.0.0.1.",
    "hexadecimal": "0x7f.0x0.0x0.0x1",
    "mixed": "0x7f.1",
    "leading zeros": "127.000.000.001",
    "a hexadecimal end": "example.0x1",
    "an empty hexadecimal end": "example.0x",
    "too many parts": "8.8.8.8.8",
    "too large a part": "256.256.256.256",
    "escapes": "%31%32%37.0.0.1",
    "a space": "exam ple.com",
    "in brackets": "[::1]",
    "other digits": "①②⑦.⓪.⓪.①",
    "another dot": "example。com",
    "a label too long": "a" * 64 + ".com",
    "too long": "a." * 127 + "com",
    "a user": "me@example.com",
    "a port": "example.com:80",
}


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)
def test_hosts(host: str) -> None:
    assert is_host(host)


@pytest.mark.parametrize("host", NO_HOSTS.values(), ids=NO_HOSTS)
def test_what_is_no_host(host: str) -> None:
    assert not is_host(host)


@given(st.text())
def test_no_text_raises(text: str) -> None:
    assert is_host(text) in (True, False)
    assert is_public(text) in (True, False)
