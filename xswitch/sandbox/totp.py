"""Time-based one-time passwords as a virtual MFA device shows them: RFC 6238 with SHA-1, six digits, 30 seconds."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final

STEP: Final = 30
"""Seconds that one code is shown."""


def counter(now: float) -> int:
    """Return the number of the 30-second step that the epoch second ``now`` lies in."""
    return int(now // STEP)


def code_of(seed: bytes, step: int) -> str:
    """Return the six digits of one step (RFC 4226, section 5.3)."""
    digest = hmac.new(seed, step.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def code_at(seed: bytes, now: float) -> str:
    """Return the six digits that a device shows at the epoch second ``now``."""
    return code_of(seed, counter(now))


def encode_seed(seed: bytes) -> str:
    """Return a seed as Base32 without padding, as authenticators take it."""
    return base64.b32encode(seed).decode("ascii").rstrip("=")


def decode_seed(text: str) -> bytes:
    """Return the seed behind its Base32 form; raises ValueError for anything else."""
    plain = text.replace(" ", "").upper()
    return base64.b32decode(plain + "=" * (-len(plain) % 8))
