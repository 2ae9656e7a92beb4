"""Every fuzz target by its name: a function of bytes that raises where something does not hold that must.

``make fuzz`` lets atheris look for such bytes (see ``fuzz_run.py``); ``test_fuzz_corpus.py`` runs every target over
the files of ``corpus/<name>/``, without atheris, so that what was found once stays found.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import fuzz_catalog
import fuzz_policy
import fuzz_sources
import fuzz_vault
import fuzz_wire
import fuzz_words

CORPUS = Path(__file__).with_name("corpus")

TARGETS: dict[str, Callable[[bytes], None]] = {
    "catalog": fuzz_catalog.catalog,
    "preferences": fuzz_catalog.preferences,
    "toml-lines": fuzz_catalog.toml_lines,
    "compiled-catalog": fuzz_catalog.compiled_catalog,
    "target": fuzz_catalog.target,
    "selector": fuzz_catalog.selector,
    "query": fuzz_catalog.query,
    "pasted": fuzz_catalog.pasted,
    "aws-config": fuzz_sources.aws_config,
    "aws-copies": fuzz_sources.aws_copies,
    "http-answer": fuzz_wire.http_answer,
    "aws-answer": fuzz_wire.aws_answer,
    "portal-answer": fuzz_wire.portal_answer,
    "flat-json": fuzz_wire.flat_json,
    "endpoint-request": fuzz_wire.endpoint_request,
    "vault-record": fuzz_vault.vault_record,
    "stored-payload": fuzz_vault.stored_payload,
    "state-files": fuzz_vault.state_files,
    "vault-files": fuzz_vault.vault_files,
    "use-files": fuzz_vault.use_files,
    "policy": fuzz_policy.policy,
    "wildcard": fuzz_policy.wildcard,
    "refusal": fuzz_words.refusal,
    "quoted": fuzz_words.quoted,
    "words": fuzz_words.words,
    "prompt": fuzz_words.prompt,
    "keys": fuzz_words.keys,
}
