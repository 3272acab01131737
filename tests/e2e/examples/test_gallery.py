"""The first application, whole: site, upload, function, table, stream, function, site."""

from __future__ import annotations

import http.client
import json
import runpy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
import urllib3
from botocore.config import Config

from support.running import REGION, Running

GALLERY = Path(__file__).parents[3] / "examples" / "gallery" / "deploy.py"


class Session:
    """A boto3 session that knows where Pileus is, as AWS_ENDPOINT_URL would tell it."""

    region_name = REGION

    def __init__(self, pileus: Running) -> None:
        self._url = pileus.url

    def client(self, service: str) -> Any:
        return boto3.client(
            service, endpoint_url=self._url, region_name=REGION, aws_access_key_id="test",
            aws_secret_access_key="test", config=Config(s3={"addressing_style": "path"}),
        )  # fmt: skip


@pytest.fixture(scope="module")
def gallery(pileus: Running) -> Any:
    made = runpy.run_path(str(GALLERY))["Gallery"](Session(pileus), "gallery")
    made.deploy()
    return made


def visit(pileus: Running, path: str) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", pileus.port, timeout=30)
    host = f"gallery-site.s3-website-{REGION}.amazonaws.com"
    connection.request("GET", path, headers={"Host": host})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers["content-type"], body


def upload(form: dict[str, Any], name: str, content: bytes) -> int:
    fields = {**form["fields"], "file": (name, content, "image/png")}
    answer = urllib3.request("POST", form["url"], fields=fields)
    return answer.status


def pictures(pileus: Running) -> Any:
    return json.loads(visit(pileus, "/pictures.json")[2])


def test_a_visitor_sees_the_page_and_the_error_page(pileus: Running, gallery: Any) -> None:
    status, kind, body = visit(pileus, "/")
    assert (200, "text/html") == (status, kind)
    assert b"<h1>Gallery</h1>" in body
    status, kind, body = visit(pileus, "/nowhere")
    assert (404, "text/html") == (status, kind)
    assert b"To the gallery" in body


def test_an_upload_from_a_browser_appears_on_the_site(pileus: Running, gallery: Any) -> None:
    assert urlsplit(gallery.upload_form()["url"]).port == pileus.port
    assert 204 == upload(gallery.upload_form(), "a cat.png", b"miaow")
    pileus.advance(1)
    assert [{"name": "a cat.png", "bytes": 5}] == pictures(pileus)
    assert 204 == upload(gallery.upload_form(), "ant.png", b"...")
    pileus.advance(1)
    assert ["a cat.png", "ant.png"] == [picture["name"] for picture in pictures(pileus)]


def test_an_upload_that_is_too_large_is_refused(pileus: Running, gallery: Any) -> None:
    assert 400 == upload(gallery.upload_form(), "huge.png", bytes(10_000_001))
