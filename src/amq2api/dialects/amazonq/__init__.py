"""Amazon Q in its own words: import it as ``q`` and say ``q.ToolUseEvent``.

The sign-in service next to it stays behind its own name: ``q.oidc.CreateTokenResponse``.
"""

from . import oidc as oidc
from .errors import *  # noqa: F403
from .events import *  # noqa: F403
from .mcp import *  # noqa: F403
from .mending import *  # noqa: F403
from .models import *  # noqa: F403
from .operations import *  # noqa: F403
from .request import *  # noqa: F403
from .usage import *  # noqa: F403
