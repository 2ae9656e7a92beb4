"""xswitch: switch between AWS accounts and roles."""

__version__ = "0.1.0"
