"""A person who is signed in to the sandbox's IAM Identity Center, with the file that the AWS CLI would have written.

The tests of logins go through the browser's pages; whoever tests what a login opens has it made here.
"""

from __future__ import annotations

from pathlib import Path

from xswitch.catalog.model import Identity
from xswitch.identity.sso_tokens import Token, write
from xswitch.sandbox.directory import Client, Grant
from xswitch.sandbox.oidc import ACCOUNT_SCOPE, REFRESH_GRANT
from xswitch.sandbox.organization import Organization
from xswitch.secret import Secret

START_URL = "https://acme.awsapps.com/start"
CORP = Identity("corp", "sso", start_url=START_URL, sso_region="eu-west-1", sso_session="acme")
IDENTITY = f"""\
[identities.corp]
kind = "sso"
start_url = "{START_URL}"
sso_region = "eu-west-1"
sso_session = "acme"
"""


def sign_in(organization: Organization, now: float, *, user: str = "ada", seconds: int = 3600) -> Token:
    """Sign a person in, by a client of their own, and return the tokens: the access token ends after ``seconds``."""
    directory = organization.directory
    number = len(directory.clients)
    client = Client(
        f"client-{number}", f"client-secret-{number}", "a test", (ACCOUNT_SCOPE,), (REFRESH_GRANT,), (), now + 86400
    )
    directory.clients[client.id] = client
    grant = Grant(client.id, user, now + directory.signed_in_seconds)
    directory.grants.append(grant)
    before, directory.access_seconds = directory.access_seconds, seconds
    answer = directory.issue(organization, grant, now, refreshable=True)
    directory.access_seconds = before
    return Token(
        access=Secret(str(answer["accessToken"])),
        expires=now + seconds,
        refresh=Secret(str(answer["refreshToken"])),
        client_id=client.id,
        client_secret=Secret(client.secret),
        client_expires=client.expires,
    )


def sign_out(organization: Organization) -> None:
    """End every sign-in, as a logout elsewhere or an administrator does."""
    for grant in organization.directory.grants:
        grant.ended = True


def keep(token: Token, home: Path, identity: Identity = CORP) -> Path:
    """Write the file that the AWS CLI shares, in a home; return its folder."""
    folder = home / ".aws" / "sso" / "cache"
    write(identity, folder, token)
    return folder
