"""The practice organization: a small, strict AWS (STS, IAM, Organizations, Identity Center) over real HTTP on loopback.

It enforces the rules that a role switcher lives by, with AWS's own error codes and texts: signatures, clocks, MFA
codes good once, both sides of the AssumeRole handshake, durations, tags, source identities. ``practice.build()`` makes
an organization to learn and test with; ``Sandbox`` serves one; ``Faults`` breaks it on demand.
"""

from xswitch.sandbox.faults import Faults
from xswitch.sandbox.gateway import RecordedCall
from xswitch.sandbox.organization import Organization
from xswitch.sandbox.server import Sandbox

__all__ = ["Faults", "Organization", "RecordedCall", "Sandbox"]
