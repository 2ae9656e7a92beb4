"""A few of the policies that AWS itself manages, so that roles can have them attached.

AdministratorAccess and the two full-access policies of Organizations are as AWS has them; the read-only ones name the
services that are here.
"""

from __future__ import annotations

import json
from typing import Any, Final


def _document(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


_READ: Final = [
    "iam:Get*",
    "iam:List*",
    "organizations:Describe*",
    "organizations:List*",
    "sts:GetAccessKeyInfo",
    "sts:GetCallerIdentity",
    "sts:GetSessionToken",
]

AWS_POLICIES: Final = {
    "arn:aws:iam::aws:policy/AdministratorAccess": _document(Action="*", Resource="*"),
    "arn:aws:iam::aws:policy/PowerUserAccess": _document(
        NotAction=["iam:*", "organizations:*", "account:*"], Resource="*"
    ),
    "arn:aws:iam::aws:policy/ReadOnlyAccess": _document(
        Action=[*_READ, "ec2:Describe*", "s3:Get*", "s3:List*"], Resource="*"
    ),
    "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess": _document(
        Action=["iam:List*", "ec2:Describe*"], Resource="*"
    ),
    "arn:aws:iam::aws:policy/SecurityAudit": _document(Action=_READ, Resource="*"),
    "arn:aws:iam::aws:policy/IAMReadOnlyAccess": _document(Action=["iam:Get*", "iam:List*"], Resource="*"),
}
"""ARN to document of AWS's managed policies."""

FULL_ACCESS: Final = {
    "SERVICE_CONTROL_POLICY": ("FullAWSAccess", _document(Action="*", Resource="*")),
    "RESOURCE_CONTROL_POLICY": (
        "RCPFullAWSAccess",
        json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
            }
        ),
    ),
}
"""What Organizations attaches to everything once a policy type is enabled: name and document by type."""
