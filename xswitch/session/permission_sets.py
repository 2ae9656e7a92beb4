"""Sessions of permission sets: how AWS names their roles, and who is behind one.

IAM Identity Center makes a role ``AWSReservedSSO_NAME_DIGITS`` of a permission set in each account, with 16 hexadecimal
digits of its own choice; its sessions are named after the user ("IAM Identity Center User Guide", "Referencing
permission sets in resource policies"). The fast commands read this too, so nothing is imported.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_DIGITS: Final = "0123456789abcdef"
_COUNT: Final = 16


def is_session(arn: str, partition: str, account_id: str, name: str) -> bool:
    """Tell whether an assumed-role ARN is that of a session of the permission set ``name`` in an account."""
    start = f"arn:{partition}:sts::{account_id}:assumed-role/AWSReservedSSO_{name}_"
    digits, slash, user = arn[len(start) :].partition("/")
    if not arn.startswith(start) or len(digits) != _COUNT or digits.strip(_DIGITS):
        return False
    return bool(slash and user) and "/" not in user


def user_in(arn: str) -> str:
    """Return the name of a session in its assumed-role ARN: for a permission set the Identity Center user's name."""
    return arn.rpartition("/")[2]


def learnt_as(account_id: str, name: str) -> str:
    """Return the name under which it is remembered how long AWS lets sessions of a permission set last.

    It is no ARN, so no role of the same name is taken for it.
    """
    return f"permission-set/{account_id}/{name}"
