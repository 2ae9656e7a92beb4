"""How hard the properties are tried: the same examples at each `make test`, others and more of them at `make fuzz`."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("test", max_examples=40, deadline=None, derandomize=True, database=None, print_blob=True)
settings.register_profile("deep", max_examples=2000, deadline=None, print_blob=True)
settings.load_profile("test")
