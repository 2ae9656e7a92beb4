"""The questions that stand before a screen: an MFA code, a guard, a problem, the list of commands."""
