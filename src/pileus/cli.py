"""The command line: `pileus up` and what helps to run and look after it."""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

import click

from pileus import __version__, log_format, sdk_commands, store_commands
from pileus.settings import Settings

log = logging.getLogger(__name__)

_ADVANCE_SECONDS = 600


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """A serverless cloud that speaks the AWS API and runs on this machine."""


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=4566, show_default=True, help="Port to listen on; 0 takes any.")
@click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), default=Path("data"),
    show_default=True, help="Directory that holds everything that is kept.",
)  # fmt: skip
@click.option(
    "--store", default="sqlite", show_default=True,
    help="sqlite, or a PostgreSQL connection string (postgresql://...).",
)  # fmt: skip
@click.option(
    "--isolation", type=click.Choice(["sandbox", "process"]),
    default="sandbox" if sys.platform == "linux" else "process", show_default=True,
    help="How functions are kept apart; process is for machines that refuse namespaces.",
)  # fmt: skip
@click.option(
    "--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="Form of the server's own log.",
)  # fmt: skip
@click.option(
    "--limits", type=click.Choice(["aws", "relaxed"]), default="relaxed", show_default=True,
    help="aws also enforces AWS's rates; sizes and counts always hold.",
)  # fmt: skip
@click.option("--aws-delays", is_flag=True, help="Play AWS's transitional states in time.")
@click.option("--strict", is_flag=True, help="Refuse what AWS retired or Pileus would ignore.")
@click.option("--insecure", is_flag=True, help="Allow listening beyond loopback without IAM.")
@click.option(
    "--allow-host", "allowed_hosts", multiple=True, metavar="NAME",
    help="A further host name or origin that may reach the server; may be repeated.",
)  # fmt: skip
@click.option(
    "--allow-egress", "allowed_egress", multiple=True, metavar="ADDRESS",
    help="A private address, network or name that endpoints may have; may be repeated.",
)  # fmt: skip
@click.option(
    "--smtp", default="", envvar="PILEUS_SMTP", metavar="URL",
    help="Mail server that takes SNS's letters: smtp://USER:PASSWORD@HOST:PORT, or smtps://.",
)  # fmt: skip
@click.option(
    "--one-processor/--all-processors", default=True, show_default=True,
    help="Where the server's own threads run; functions may use every processor.",
)  # fmt: skip
@click.option(
    "--network", type=click.Choice(["public", "isolated"]), default="public", show_default=True,
    help="isolated gives no function a way outside.",
)  # fmt: skip
@click.option(
    "--nat", "nat_subnets", multiple=True, metavar="SUBNET",
    help="A subnet whose functions get a way outside, or all; may be repeated.",
)  # fmt: skip
@click.option(
    "--open-smtp", is_flag=True, help="Let functions out by port 25, which AWS keeps closed."
)
@click.option(
    "--layer", "layers", multiple=True, metavar="ARN=FILE",
    help="A zip that stands for a layer of AWS's or another account; may be repeated.",
)  # fmt: skip
@click.option(
    "--images", default=None, type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of OCI archives that functions may have as images: oci-archive:FILE:TAG.",
)  # fmt: skip
def up(**options: Any) -> None:
    """Start Pileus and serve until interrupted."""
    settings = Settings(**options)
    log_format.configure(settings.log_format)
    # What is loaded from here on stays, so the collector would look at it in vain; the app lets it
    # work again when it is ready.
    gc.disable()
    from pileus import app

    try:
        app.run(settings)
    except app.StartRefused as refusal:
        raise click.ClickException(str(refusal)) from None


main.add_command(sdk_commands.install_sdk)
for _command in (store_commands.snapshot, store_commands.restore, store_commands.doctor):
    main.add_command(_command)


@main.group()
@click.option(
    "--endpoint", default=None, metavar="URL",
    help="Where Pileus listens; default $AWS_ENDPOINT_URL or http://127.0.0.1:4566.",
)  # fmt: skip
@click.pass_context
def clock(context: click.Context, endpoint: str | None) -> None:
    """Show the platform's clock, freeze it, advance it, let it run on."""
    context.obj = endpoint or os.environ.get("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")


@clock.command("show")
@click.pass_obj
def clock_show(endpoint: str) -> None:
    """Show where the clock stands and when something falls due next."""
    _print(_ask(endpoint, None))


@clock.command("freeze")
@click.pass_obj
def clock_freeze(endpoint: str) -> None:
    """Stop the clock where it stands."""
    _print(_ask(endpoint, {"freeze": True}))


@clock.command("resume")
@click.pass_obj
def clock_resume(endpoint: str) -> None:
    """Let the clock run on from where it stands."""
    _print(_ask(endpoint, {"resume": True}))


@clock.command("advance")
@click.argument("amount")
@click.option("--no-wait", is_flag=True, help="Do not wait until all that fell due has run.")
@click.option(
    "--timeout-seconds", default=float(_ADVANCE_SECONDS), show_default=True,
    help="Longest wait, in real seconds.",
)  # fmt: skip
@click.pass_obj
def clock_advance(endpoint: str, amount: str, no_wait: bool, timeout_seconds: float) -> None:
    """Move the clock by AMOUNT: seconds, or an ISO-8601 duration such as PT30S or P4D."""
    try:
        wanted: float | str = float(amount)
    except ValueError:
        wanted = amount
    question = {"advance": wanted, "wait": not no_wait, "timeout_seconds": timeout_seconds}
    _print(_ask(endpoint, question, timeout_seconds + 30))


def _ask(
    endpoint: str, question: dict[str, Any] | None, timeout_seconds: float = 30
) -> dict[str, Any]:
    # Only this asks by HTTP: `pileus up` is spared the import.
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    data = None if question is None else json.dumps(question).encode()
    request = Request(f"{endpoint.rstrip('/')}/_pileus/clock", data=data)
    try:
        with urlopen(request, timeout=timeout_seconds) as answer:
            document: dict[str, Any] = json.load(answer)
            return document
    except HTTPError as refusal:
        raise click.ClickException(json.load(refusal)["error"]) from None
    except (URLError, TimeoutError) as error:
        raise click.ClickException(f"Pileus does not answer at {endpoint}: {error}") from None


def _print(document: dict[str, Any]) -> None:
    click.echo(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
