"""The fast commands: `credential-process`, `env` and `exec` of a session that is live in the vault.

::

    asking     the arguments, as far as they are plain
    places     folders, user, host
    serving    the catalog's row, the note of what serves the request, the vault: the session, or None
    answer     the document, the assignments, or the command itself

Whatever is not plain, live and in order is None: then the whole program looks, and has the words for it. Nothing is
answered here that it would not answer too, to the letter, and nothing is imported but what an answer needs, above all
no dataclasses, pathlib, re, json, argparse or keyring. cryptography, which opens the records, is what they cost.
"""
