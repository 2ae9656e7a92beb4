"""The fixtures of the shell room; what they are made of is in a module of its own, with a name of its own."""

from people_and_shells import person, session, sessions, shell

__all__ = ["person", "session", "sessions", "shell"]
