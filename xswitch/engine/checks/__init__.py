"""What `xswitch doctor` looks at: one module a check, each apart from the others, all of them in bounded time.

::

    machine.py     what the checks look at together: the engine, and one answer of AWS's endpoint
    probe.py       that answer: an unsigned request, through proxies and by the certificates of the SDK's settings
    vault.py  clock.py  catalog.py  identities.py  shells.py  endpoint.py  leftovers.py  exported.py

Nothing here asks a person, makes or sends a key, or has a secret in its words.
"""

from __future__ import annotations

from xswitch.engine.checks.machine import Finding, Level
from xswitch.engine.checks.running import examine

__all__ = ["Finding", "Level", "examine"]
