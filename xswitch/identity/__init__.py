"""Who a person is before any role: access keys in the vault, a profile of the AWS CLI, the environment outside.

::

    stored.py      access keys in the vault: kept, read, listed, forgotten
    sources.py     the credentials of an identity, whatever its kind
    process.py     those that a program prints, as credential_process programs do
    codes.py       MFA codes: from the environment for one call, from a helper program, or from the person

This room knows nothing of sessions: it speaks :class:`~xswitch.credentials.Credentials`.
"""
