"""MFA codes as STS takes them: with the serial number of the caller's own device, and good once."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final

from xswitch.sandbox import totp
from xswitch.sandbox.refusal import BAD_CODE, BAD_DEVICE, HALF_MFA, access_denied
from xswitch.sandbox.state import MfaDevice, Principal

if TYPE_CHECKING:
    from xswitch.sandbox.organization import Organization

DRIFT: Final = 1
"""How many 30-second steps a device's clock may be off, either way (RFC 6238, section 5.2)."""


def check_code(org: Organization, caller: Principal, serial: str | None, code: str | None, now: float) -> bool:
    """Spend the code of a request; return False where none was sent.

    Raises Refusal AccessDenied: only one of the two was sent, the device is not the caller's, or the code is wrong or
    was used before. A code that was right is spent whatever becomes of the request.
    """
    if serial is None and code is None:
        return False
    if serial is None or code is None:
        raise access_denied(HALF_MFA)
    user = org.user(caller.owner)
    device = org.accounts[caller.account].devices.get(serial)
    if user is None or device is None or device.user != user.name:
        raise access_denied(BAD_DEVICE)
    if not spend(device, code, now):
        raise access_denied(BAD_CODE)
    return True


def spend(device: MfaDevice, code: str, now: float, drift: int = DRIFT) -> bool:
    """Use a code up; return whether it was good."""
    here = totp.counter(now)
    for step in (here, *(here + side * away for away in range(1, drift + 1) for side in (-1, 1))):
        if step not in device.spent and hmac.compare_digest(totp.code_of(device.seed, step), code):
            device.spent = {old for old in device.spent if old >= here - 40} | {step}
            return True
    return False
