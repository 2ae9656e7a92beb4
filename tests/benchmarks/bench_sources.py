"""Reading where a catalog comes from: 10,000 profiles of an AWS config, beside botocore's loader."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench import ratio, row
from botocore.configloader import load_config

from xswitch.sources import profiles
from xswitch.sources.aws_import import imported

PROFILES = 10_000


def config() -> str:
    """Return a config file as an organization's script writes it."""
    return "[profile base]\naws_access_key_id = AKIAPRACTICE\n\n" + "".join(
        f"[profile team-{number % 50}-account-{number // 4}-{number % 4}]\n"
        f"role_arn = arn:aws:iam::{100000000000 + number // 4}:role/Role{number % 4}\n"
        f"source_profile = base\nregion = eu-west-1\nduration_seconds = 3600\n\n"
        for number in range(PROFILES)
    )


def main() -> None:
    """Print the rows."""
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
