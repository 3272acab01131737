"""The command that installs AWS's SDK for JavaScript, which Node.js functions have on AWS."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import click

# Below the data directory; app.py shows it to functions.
PLACE = Path("runtimes", "node")
# docs: lambda-nodejs, "Runtime-included SDK versions". Version 2 is for nodejs16.x and older.
_VERSION_2 = "aws-sdk@2"
# AWS has all clients, which take a gigabyte: these are the ones that functions use most.
_CLIENTS = (
    "api-gateway", "apigatewaymanagementapi", "bedrock-runtime", "cloudformation", "cloudwatch",
    "cloudwatch-logs", "cognito-identity-provider", "dynamodb", "dynamodb-streams", "ec2", "ecr",
    "ecs", "eventbridge", "firehose", "iam", "kinesis", "kms", "lambda", "pipes", "s3",
    "scheduler", "schemas", "secrets-manager", "ses", "sesv2", "sfn", "sns", "sqs", "ssm", "sts",
    "xray",
)  # fmt: skip
_LIBRARIES = ("lib-dynamodb", "lib-storage", "util-dynamodb", "s3-request-presigner",
              "credential-providers")  # fmt: skip
_PACKAGE = re.compile(r"(@[a-z0-9~.-]+/)?[a-z0-9~._-]+(@[A-Za-z0-9^~<>=. *-]+)?")


@click.command("install-sdk")
@click.argument("packages", nargs=-1, metavar="[PACKAGE]...")
@click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), default=Path("data"),
    show_default=True, help="Directory that holds everything that is kept.",
)  # fmt: skip
@click.option(
    "--version", "version", default="3", show_default=True,
    help="Version of the clients; an older one for an older Node.js.",
)  # fmt: skip
@click.option("--with-v2", is_flag=True, help="Install aws-sdk, version 2, as well.")
def install_sdk(packages: tuple[str, ...], data: Path, version: str, with_v2: bool) -> None:
    """Install AWS's SDK for Node.js functions, or more PACKAGEs of it, by npm."""
    npm = shutil.which("npm")
    if npm is None:
        raise click.ClickException("There is no `npm` in PATH, which comes with Node.js.")
    for package in packages:
        if not _PACKAGE.fullmatch(package):
            raise click.ClickException(f"{package} is no name of an npm package.")
    wanted = list(packages) or [
        *(f"@aws-sdk/client-{name}@{version}" for name in _CLIENTS),
        *(f"@aws-sdk/{name}@{version}" for name in _LIBRARIES),
    ]
    if with_v2:
        wanted.append(_VERSION_2)
    target = data / PLACE
    target.mkdir(parents=True, exist_ok=True)
    options = ["--prefix", str(target.resolve()), "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run([npm, "install", *options, *wanted], stdin=subprocess.DEVNULL)
    if done.returncode:
        raise click.ClickException(f"npm has failed with status {done.returncode}.")
    click.echo(f"Installed into {target}. A running Pileus shows it to functions when it restarts.")
