"""The document that SDKs read from a ``credential_process``."""

from __future__ import annotations

from xswitch import flatjson
from xswitch.text import iso8601

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xswitch.session.held import HeldSession


def credential_process(session: HeldSession) -> str:
    """Return the document (AWS SDKs and Tools Reference Guide, process credential provider). It holds secrets."""
    token = session.credentials.session_token
    return flatjson.spaced(
        {
            "Version": 1,
            "AccessKeyId": session.credentials.access_key_id,
            "SecretAccessKey": session.credentials.secret_access_key.reveal(),
            "SessionToken": token.reveal() if token else "",
            "Expiration": iso8601(session.expires),
            "AccountId": session.account_id,
        }
    )
