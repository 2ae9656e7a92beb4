"""IAM policy documents, pure: what AWS would decide about them, and which it would refuse to save.

Nothing here does I/O or reads a clock; every fact is an argument. The documents are parsed JSON.
"""
