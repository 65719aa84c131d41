"""The operations of the service and how each is asked for. Source: upstream-protocol.md 1.

The AWS-JSON 1.0 encoding is used, as the Q CLI does: every operation is ``POST /`` and
``x-amz-target`` names it.
"""

from collections.abc import Mapping
from types import MappingProxyType

__all__ = [
    "ERROR_TYPE_HEADER", "EVENT_STREAM", "GENERATE", "GET_USAGE_LIMITS", "JSON_CONTENT",
    "LIST_MODELS", "LIST_PROFILES", "REQUEST_ID_HEADER", "REST_PATHS",
]  # fmt: skip

GENERATE = "AmazonCodeWhispererStreamingService.GenerateAssistantResponse"
LIST_MODELS = "AmazonCodeWhispererService.ListAvailableModels"
LIST_PROFILES = "AmazonCodeWhispererService.ListAvailableProfiles"
GET_USAGE_LIMITS = "AmazonCodeWhispererService.GetUsageLimits"

JSON_CONTENT = "application/x-amz-json-1.0"
EVENT_STREAM = "application/vnd.amazon.eventstream"
REQUEST_ID_HEADER = "x-amzn-requestid"
ERROR_TYPE_HEADER = "x-amzn-errortype"

REST_PATHS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("POST", "/generateAssistantResponse"): GENERATE,
        ("GET", "/ListAvailableModels"): LIST_MODELS,
        ("POST", "/ListAvailableProfiles"): LIST_PROFILES,
        ("GET", "/getUsageLimits"): GET_USAGE_LIMITS,
    }
)
