"""What the system is asked for at the start."""

import platform
import subprocess
import sys

import pytest

_PROGRAM = """
import resource, sys
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
from amq2api.cli.room import make_room
make_room()
make_room()
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min(hard, 1 << 20), sys.getswitchinterval())
"""


def test_there_is_room_for_as_many_connections_as_the_system_allows() -> None:
    told = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True)
    assert (told.stdout, told.stderr) == ("True 0.001\n", "")


_LARGE = """
import resource, sys
if sys.argv[1] == "kept":
    from amq2api.cli.room import make_room
    make_room()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def arrive():
    b"".join([bytes(1 << 18) for _ in range(32)])
for _ in range(3):
    arrive()
before = faults()
for _ in range(20):
    arrive()
print((faults() - before) // 20)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another library's own affair")
def test_memory_of_a_large_call_is_there_for_the_next_one() -> None:
    def told(how: str) -> int:
        command = [sys.executable, "-c", _LARGE, how]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert told("kept") < 100 < 1000 < told("not")


_CROWD = """
import asyncio, sys
from pathlib import Path
from amq2api.cli import room
room.make_room()
room._LATER = 0.0
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4 // 1024
async def main():
    back = room.GivingBack()
    calls, pins = [], []
    for _ in range(200):
        calls.append(b"x" * (1 << 20))
        pins.append(b"x" * 5000)  # something that stays lies between them
    del calls
    before = resident()
    for _ in range(3):
        back(int(sys.argv[1]))
    await asyncio.sleep(0.5)
    print(before - resident())
asyncio.run(main())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another library's own affair")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_memory_of_a_crowd_of_large_calls_goes_back() -> None:
    def told(most: int) -> int:
        command = [sys.executable, "-c", _CROWD, str(most)]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert told(1 << 20) < 20 < 150 < told(200 << 20)  # MB
