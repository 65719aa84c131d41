"""What the system is asked for at the start."""

import subprocess
import sys

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
