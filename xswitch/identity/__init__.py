"""Who a person is before any role: access keys in the vault, a profile of the AWS CLI, the environment outside.

::

    stored.py      access keys in the vault: kept, read, listed, forgotten
    sources.py     the credentials of an identity, whatever its kind
    process.py     those that a program prints, as credential_process programs do
    codes.py       MFA codes: from the environment for one call, from a helper program, or from the person
    consent.py     what a person consents to in a shared catalog
    sso.py         the access token of a login to IAM Identity Center, refreshed by one process for all
    sso_tokens.py  the file of that token, which the AWS CLI and the SDKs share
    sso_login.py   signing in: with the browser (redirect.py) or a code; sso_clients.py keeps the registration
    sso_service.py the calls of the sign-in service, and the portal's Logout

This room knows nothing of sessions: it speaks :class:`~xswitch.credentials.Credentials`.
"""
