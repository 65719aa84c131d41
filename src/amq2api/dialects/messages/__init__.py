"""The Claude Messages API in its own words: import it as ``m`` and say ``m.TextDelta``."""

from .blocks import *  # noqa: F403
from .call import *  # noqa: F403
from .decoding import *  # noqa: F403
from .errors import *  # noqa: F403
from .events import *  # noqa: F403
from .models import *  # noqa: F403
from .needs import *  # noqa: F403
from .toolshelf import *  # noqa: F403
