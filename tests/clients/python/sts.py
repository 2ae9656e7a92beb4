"""boto3: each line on stdin asks AWS who it is; the answer is a line on stdout, the ARN and the access key, or "error: …"."""

import sys

import boto3

session = boto3.Session()
client = session.client("sts")
print("ready", flush=True)
for _ in sys.stdin:
    try:
        arn = client.get_caller_identity()["Arn"]
        print(arn, session.get_credentials().get_frozen_credentials().access_key, flush=True)
    except Exception as error:
        print("error:", " ".join(f"{type(error).__name__}: {error}".split()), flush=True)
