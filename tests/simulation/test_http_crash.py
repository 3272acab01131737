"""What is on its way to an HTTP endpoint survives SIGKILL with its number of attempts."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.request import urlopen

from e2e.events.asking import put, route
from e2e.events.listening import listening as hooks
from e2e.events.test_api_destinations import destination
from e2e.sns.listening import Endpoint, listening
from simulation.crash_client import Client
from simulation.crash_server import CrashServer

DAY = 24 * 3600
# So many that the last is more than a minute after the first.
RETRIES = 6


def subscribed(sns: Any, endpoint: Endpoint, server: CrashServer) -> str:
    """A topic with a confirmed endpoint, whose answers are awaited."""
    topic: str = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"{endpoint.url}/slow")
    endpoint.let_go.set()
    server.advance(0)
    with urlopen(endpoint.take()[0].document["SubscribeURL"]):
        pass
    return topic


def fail_at(url: str, events: Any) -> None:
    """An event on its way to an API destination."""
    route(events, destination(events, url), RetryPolicy={"MaximumRetryAttempts": RETRIES})
    put(events)


def test_an_attempt_that_a_crash_cut_off_is_made_again_and_not_counted(tmp_path: Path) -> None:
    server = CrashServer(tmp_path / "data")
    with listening() as endpoint, hooks() as hook:
        server.start()
        try:
            sns = Client(server.port).boto3("sns")
            hook.statuses = [500] * 10
            fail_at(hook.url, Client(server.port).boto3("events"))
            topic = subscribed(sns, endpoint, server)
            # AWS's policy for endpoints: one attempt and three retries.
            endpoint.statuses = [500] * 10
            sns.publish(TopicArn=topic, Message="m")
            # The second attempt is 20 s after the end of the first, the third as long after that.
            server.advance(30)
            assert 2 == len(endpoint.received)
            assert 0 < len(hook.received) < 1 + RETRIES
            endpoint.let_go.clear()
            sns.publish(TopicArn=topic, Message="n")
            while len(endpoint.received) < 3:
                server.wait(0.01)
            server.kill()
            endpoint.let_go.set()
            server.start()
            server.advance(DAY)
        finally:
            server.kill()
        texts = [document["Message"] for document in endpoint.documents]
    assert (4, 1 + 4) == (texts.count("m"), texts.count("n"))
    assert 1 + RETRIES == len(hook.received)
