"""Who the person is before any role: where an identity's credentials and MFA codes come from."""
