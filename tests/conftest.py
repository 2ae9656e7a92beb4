"""How hard the properties are tried: the same examples at each `make test`, others and more of them at `make fuzz`.

And how often a test's process looks for garbage: what five thousand collected tests hold is no garbage, and going
through it again and again was a sixth of the time that tests in one process take.
"""

from __future__ import annotations

import gc

from hypothesis import settings

settings.register_profile("test", max_examples=40, deadline=None, derandomize=True, database=None, print_blob=True)
settings.register_profile("deep", max_examples=2000, deadline=None, print_blob=True)
settings.load_profile("test")


def pytest_collection_finish() -> None:
    """Leave what has been collected out of every later collection of garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5000, 20, 20)
