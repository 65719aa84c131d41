"""A refusal as a value, and how it looks on the wire in each encoding (upstream-protocol.md 4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

__all__ = ["AWS_JSON", "REST", "Encoding", "Fault"]

Encoding: TypeAlias = Literal["aws-json", "rest"]
AWS_JSON: Encoding = "aws-json"
REST: Encoding = "rest"

_NAMESPACE = "com.amazon.aws.codewhisperer#"
_ERROR_TYPE = "http://internal.amazon.com/coral/com.amazon.coral.service/"


@dataclass(frozen=True, slots=True)
class Fault:
    """One refusal of the service.

    *rule* and *where* never travel in the body: the service says "Improperly formed request."
    and nothing else. They tell the developer which reading of upstream-protocol.md refused
    (``I4``, ``2.5``) and at which member.
    """

    status: int
    name: str
    message: str
    reason: str | None = None
    rule: str = ""
    where: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def body(self, encoding: Encoding) -> dict[str, Any]:
        """The JSON that tells it. AWS-JSON has no ``reason`` member where there is no reason,
        REST has it as null (4.1)."""
        if encoding == REST:
            return {"message": self.message, "reason": self.reason, **self.extra}
        body: dict[str, Any] = {"__type": _NAMESPACE + self.name, "message": self.message}
        if self.reason is not None:
            body["reason"] = self.reason
        return {**body, **self.extra}

    def all_headers(self, encoding: Encoding) -> dict[str, str]:
        """The headers that go with :meth:`body`, content type aside."""
        if encoding == REST:
            return {"x-amzn-errortype": f"{self.name}:{_ERROR_TYPE}", **self.headers}
        return dict(self.headers)
