"""How AWS is reached: endpoints by botocore's own rules, signatures, HTTP, retries. It knows nothing of sessions.

Nothing here imports botocore, boto3 or urllib3 for a usual call: botocore's data is read, its code is not loaded. Only
:mod:`~xswitch.aws.boto` does, for the services that no switch needs.
"""
