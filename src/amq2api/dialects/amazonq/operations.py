"""The operations of the service and how each is asked for. Source: upstream-protocol.md 1.

The AWS-JSON 1.0 encoding is used, as the Q CLI does: every operation is ``POST /`` and
``x-amz-target`` names it. InvokeMCP alone is asked in the REST encoding: see mcp.py.
"""

from collections.abc import Mapping
from types import MappingProxyType

__all__ = [
    "ERROR_TYPE_HEADER", "EVENT_STREAM", "GENERATE", "GET_USAGE_LIMITS", "INVOKE_MCP",
    "JSON_CONTENT", "LIST_MODELS", "LIST_PROFILES", "MCP_PATH", "PROFILE_HEADER",
    "REQUEST_ID_HEADER", "REST_CONTENT", "REST_PATHS",
]  # fmt: skip

GENERATE = "AmazonCodeWhispererStreamingService.GenerateAssistantResponse"
LIST_MODELS = "AmazonCodeWhispererService.ListAvailableModels"
LIST_PROFILES = "AmazonCodeWhispererService.ListAvailableProfiles"
GET_USAGE_LIMITS = "AmazonCodeWhispererService.GetUsageLimits"
INVOKE_MCP = "KiroRuntimeService.InvokeMCP"
"""Known under this name of one service only."""

MCP_PATH = "/mcp"

JSON_CONTENT = "application/x-amz-json-1.0"
REST_CONTENT = "application/json"
EVENT_STREAM = "application/vnd.amazon.eventstream"
REQUEST_ID_HEADER = "x-amzn-requestid"
PROFILE_HEADER = "x-amzn-kiro-profile-arn"
"""Where the profile stands that an InvokeMCP is asked with (1.3)."""
ERROR_TYPE_HEADER = "x-amzn-errortype"

REST_PATHS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("POST", "/generateAssistantResponse"): GENERATE,
        ("GET", "/ListAvailableModels"): LIST_MODELS,
        ("POST", "/ListAvailableProfiles"): LIST_PROFILES,
        ("GET", "/getUsageLimits"): GET_USAGE_LIMITS,
        ("POST", MCP_PATH): INVOKE_MCP,
    }
)
