"""Signatures of reasoning: opaque to everyone, verifiable by the one who made them."""

import base64
import hmac
from dataclasses import dataclass, field

_SEED = b"a service that exists nowhere"
_HEAD = b"\x12\xb4\x01\x0a\x48\x08"  # real ones are base64 of a message that starts alike


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs a reasoning text for one model: neither may change afterwards (I16)."""

    key: bytes = field(default=_SEED, repr=False)

    def sign(self, text: str, model_id: str) -> str:
        said = f"{model_id}\0{text}".encode("utf-8", "surrogatepass")
        return base64.b64encode(_HEAD + hmac.digest(self.key, said, "sha512")).decode()

    def knows(self, signature: str, text: str, model_id: str) -> bool:
        return signature == self.sign(text, model_id)


SIGNER = Signer()
