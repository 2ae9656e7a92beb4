"""Reading where a catalog comes from: 10,000 profiles of an AWS config, 1,000 accounts of a throttled organization."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from bench import ratio, row, seconds
from botocore.configloader import load_config

sys.path.insert(0, str(Path(__file__).parents[1] / "sandbox"))
from large import large
from small_aws import MANAGER

from xswitch.aws import boto
from xswitch.aws.patience import Patience, workers
from xswitch.credentials import Credentials
from xswitch.sandbox import Sandbox
from xswitch.secret import Secret
from xswitch.sources import profiles
from xswitch.sources.aws_import import imported
from xswitch.sources.checkpoint import Checkpoint
from xswitch.sources.organizations import Crawl

PROFILES = 10_000
ACCOUNTS, RATE, BURST = 1000, 10.0, 15.0


def config() -> str:
    """Return a config file as an organization's script writes it."""
    return "[profile base]\naws_access_key_id = AKIAPRACTICE\n\n" + "".join(
        f"[profile team-{number % 50}-account-{number // 4}-{number % 4}]\n"
        f"role_arn = arn:aws:iam::{100000000000 + number // 4}:role/Role{number % 4}\n"
        f"source_profile = base\nregion = eu-west-1\nduration_seconds = 3600\n\n"
        for number in range(PROFILES)
    )


def organization(folder: Path) -> None:
    """Measure one sync against the time that the server's token bucket takes for the same calls."""
    made = large(ACCOUNTS)
    made.root(MANAGER).iam("CreateUser", UserName="boss")
    policy = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
    made.root(MANAGER).iam("PutUserPolicy", UserName="boss", PolicyName="All", PolicyDocument=policy)
    key = made.root(MANAGER).iam("CreateAccessKey", UserName="boss")["AccessKey"]
    credentials = Credentials(key["AccessKeyId"], Secret(key["SecretAccessKey"]))
    with Sandbox(made, time.time) as sandbox, workers() as pool:
        sandbox.limits.limit("organizations", RATE, BURST)
        environ = {"AWS_ENDPOINT_URL": sandbox.url}
        api = boto.caller(boto.client("organizations", environ, region="us-east-1", credentials=credentials), "it")
        checkpoint = Checkpoint(folder / "sync.json", "bench", time.time, fresh=True)
        crawl = Crawl(api, Patience(pool.stopped.wait), pool, checkpoint, lambda *_: None)
        taken = seconds(crawl.run)
        calls = sum(call.outcome == "ok" for call in sandbox.calls)
    limit = (calls - BURST) / RATE
    row(
        f"sync of {ACCOUNTS:,} accounts with tags, 10 calls a second",
        "the limit itself",
        (taken, taken / limit),
        "≤ 1.3",
    )


def main() -> None:
    """Print the rows."""
    with tempfile.TemporaryDirectory() as folder:
        organization(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config"
        file.write_text(config())
        environ = {"AWS_CONFIG_FILE": str(file), "AWS_SHARED_CREDENTIALS_FILE": str(Path(folder) / "none")}
        what = f"{PROFILES:,} profiles of an AWS config"

        def botocore() -> object:
            return load_config(str(file))

        row(f"{what}, read", "botocore's loader", ratio(lambda: profiles.read(environ), botocore, 7), "≤ 0.15")
        whole = ratio(lambda: imported(profiles.read(environ)).draft.text(), botocore, 7)
        row(f"{what}, read and made into a catalog", "botocore's loader", whole, "")


if __name__ == "__main__":
    main()
