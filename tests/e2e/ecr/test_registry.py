"""The registry as docker, podman, skopeo and crane speak with it."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import resource
import socket
from pathlib import Path
from typing import Any

import pytest

from support.oci_images import (
    OCI_INDEX,
    OCI_MANIFEST,
    RegistryClient,
    descriptor,
    digest_of,
    entry,
    image,
    layer,
)
from support.running import Running

BLOBS = "/v2/team/app/blobs"
UPLOADS = f"{BLOBS}/uploads/"
MANIFESTS = "/v2/team/app/manifests"
CONTENT = bytes(range(256)) * 1000


@pytest.mark.parametrize("docker", [True, False])
def test_a_pushed_image_is_pulled_byte_for_byte(
    registry: RegistryClient, repository: str, docker: bool
) -> None:
    pushed = image(layer(entry("a", CONTENT)), layer(entry("b")), docker=docker)
    answer = registry.push(repository, pushed, "v1")
    assert (201, pushed.digest) == (answer.status, answer.headers["docker-content-digest"])
    for reference in ("v1", pushed.digest):
        found = registry.ask("GET", f"{MANIFESTS}/{reference}")
        assert pushed.manifest == found.body
        assert pushed.media_type == found.headers["content-type"]
        head = registry.ask("HEAD", f"{MANIFESTS}/{reference}")
        assert (200, str(len(pushed.manifest))) == (head.status, head.headers["content-length"])
    for content in (pushed.config, *pushed.layers):
        assert content == registry.ask("GET", f"{BLOBS}/{digest_of(content)}").body


def test_the_greeting_says_which_protocol_is_spoken(registry: RegistryClient) -> None:
    answer = registry.ask("GET", "/v2/")
    assert (200, {}) == (answer.status, answer.json)
    assert "registry/2.0" == answer.headers["docker-distribution-api-version"]


def test_the_host_name_says_whose_registry_is_meant(
    pileus: Running, ecr: Any, account: str, repository: str
) -> None:
    uri = ecr.describe_repositories()["repositories"][0]["repositoryUri"]
    host, _, name = uri.partition("/")
    assert f"{account}.dkr.ecr.us-east-1.localhost.localstack.cloud:{pileus.port}" == host
    client = RegistryClient(pileus.url, host=host)
    pushed = image(layer(entry("a")))
    assert 201 == client.push(name, pushed, "v1").status
    assert [{"imageDigest": pushed.digest, "imageTag": "v1"}] == ecr.list_images(
        repositoryName=repository
    )["imageIds"]
    client.close()


def test_an_expired_password_is_refused(
    pileus: Running, registry: RegistryClient, repository: str
) -> None:
    pileus.advance(12 * 3600)
    message = "Your authorization token has expired. Reauthenticate and try again."
    assert (403, "DENIED", message) == registry.ask("GET", "/v2/").error


def test_a_foreign_password_is_let_in_like_no_password(pileus: Running) -> None:
    login = base64.b64encode(b"AWS:whatever").decode()
    for client in (RegistryClient(pileus.url, authorization=login), RegistryClient(pileus.url)):
        assert 200 == client.ask("GET", "/v2/").status
        client.close()


def test_a_layer_arrives_in_chunks_that_follow_each_other(
    registry: RegistryClient, repository: str
) -> None:
    place = registry.ask("POST", UPLOADS, b"").headers["location"]
    first = registry.ask("PATCH", place, CONTENT[:1000], Content_Range="0-999")
    assert (202, "0-999") == (first.status, first.headers["range"])
    gap = registry.ask("PATCH", place, CONTENT[1001:1100], Content_Range="1001-1099")
    assert (416, "0-999") == (gap.status, gap.headers["range"])
    assert "0-999" == registry.ask("GET", place).headers["range"]
    registry.ask("PATCH", place, CONTENT[1000:100_000], Content_Range="1000-99999")
    done = registry.ask("PUT", f"{place}?digest={digest_of(CONTENT)}", CONTENT[100_000:])
    assert (201, f"{BLOBS}/{digest_of(CONTENT)}") == (done.status, done.headers["location"])
    assert CONTENT == registry.ask("GET", done.headers["location"]).body


def test_a_layer_arrives_in_one_request(registry: RegistryClient, repository: str) -> None:
    done = registry.ask("POST", f"{UPLOADS}?digest={digest_of(CONTENT)}", CONTENT)
    assert (201, digest_of(CONTENT)) == (done.status, done.headers["docker-content-digest"])
    assert CONTENT == registry.ask("GET", done.headers["location"]).body


def test_a_layer_is_mounted_from_another_repository(
    registry: RegistryClient, ecr: Any, repository: str
) -> None:
    ecr.create_repository(repositoryName="other")
    registry.upload("other", CONTENT)
    digest = digest_of(CONTENT)
    mounted = registry.ask("POST", f"{UPLOADS}?mount={digest}&from=other", b"")
    assert (201, f"{BLOBS}/{digest}") == (mounted.status, mounted.headers["location"])
    ecr.delete_repository(repositoryName="other")
    assert CONTENT == registry.ask("GET", f"{BLOBS}/{digest}").body
    missing = digest_of(b"missing")
    begun = registry.ask("POST", f"{UPLOADS}?mount={missing}&from=other", b"")
    assert 202 == begun.status


def test_what_does_not_have_its_digest_is_refused_and_forgotten(
    registry: RegistryClient, repository: str
) -> None:
    place = registry.ask("POST", UPLOADS, b"").headers["location"]
    registry.ask("PATCH", place, CONTENT)
    wrong = registry.ask("PUT", f"{place}?digest={digest_of(b'other')}", b"")
    message = "provided digest did not match uploaded content"
    assert (400, "DIGEST_INVALID", message) == wrong.error
    assert "BLOB_UPLOAD_UNKNOWN" == registry.ask("PATCH", place, b"more").error[1]
    assert 404 == registry.ask("HEAD", f"{BLOBS}/{digest_of(CONTENT)}").status


def test_a_cancelled_upload_is_gone(registry: RegistryClient, repository: str) -> None:
    place = registry.ask("POST", UPLOADS, b"").headers["location"]
    registry.ask("PATCH", place, CONTENT)
    assert 204 == registry.ask("DELETE", place).status
    assert "BLOB_UPLOAD_UNKNOWN" == registry.ask("GET", place).error[1]


def test_an_upload_that_nobody_continues_ends_after_a_day(
    pileus: Running, registry: RegistryClient, ecr: Any, repository: str
) -> None:
    place = registry.ask("POST", UPLOADS, b"").headers["location"]
    registry.ask("PATCH", place, CONTENT)
    pileus.advance(24 * 3600)
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    later = RegistryClient(pileus.url, authorization=token)
    assert "BLOB_UPLOAD_UNKNOWN" == later.ask("GET", place).error[1]
    later.close()


def test_a_client_that_breaks_off_continues_where_the_last_chunk_ended(
    pileus: Running, registry: RegistryClient, ecr: Any, account: str, repository: str
) -> None:
    place = registry.ask("POST", UPLOADS, b"").headers["location"]
    registry.ask("PATCH", place, CONTENT[:70_000])
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    with socket.create_connection(("127.0.0.1", pileus.port)) as peer:
        head = f"PATCH {place} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {token}\r\n"
        peer.sendall(f"{head}Content-Length: 100000\r\n\r\n".encode() + CONTENT[70_000:90_000])
    assert "0-69999" == registry.ask("GET", place).headers["range"]
    registry.ask("PATCH", place, CONTENT[70_000:])
    assert 201 == registry.ask("PUT", f"{place}?digest={digest_of(CONTENT)}", b"").status


def test_a_client_may_wait_to_be_told_to_send(pileus: Running, ecr: Any, account: str) -> None:
    ecr.create_repository(repositoryName="team/app")
    host = f"{account}.dkr.ecr.us-east-1.localhost"
    client = RegistryClient(pileus.url, host=host)
    place = client.ask("POST", UPLOADS, b"").headers["location"]
    head = f"Host: {host}\r\nContent-Length: {len(CONTENT)}\r\nExpect: 100-continue\r\n\r\n"
    with socket.create_connection(("127.0.0.1", pileus.port), timeout=30) as peer:
        peer.sendall(f"PATCH {place} HTTP/1.1\r\n{head}".encode())
        assert b"HTTP/1.1 100 Continue\r\n\r\n" == peer.recv(1000)
        peer.sendall(CONTENT)
        assert peer.recv(1000).startswith(b"HTTP/1.1 202")
    # Where the answer needs no body, none is asked for.
    with socket.create_connection(("127.0.0.1", pileus.port), timeout=30) as peer:
        gone = f"/v2/nobody/blobs/uploads/{'0' * 8}-0000-0000-0000-{'0' * 12}"
        peer.sendall(f"PATCH {gone} HTTP/1.1\r\n{head}".encode())
        assert peer.recv(1000).startswith(b"HTTP/1.1 404")
    client.close()


def test_a_range_of_a_layer_is_read(registry: RegistryClient, repository: str) -> None:
    registry.upload(repository, CONTENT)
    place = f"{BLOBS}/{digest_of(CONTENT)}"
    for wanted, first, last in (
        ("bytes=10-19", 10, 19),
        ("bytes=255990-", 255_990, 255_999),
        ("bytes=-5", 255_995, 255_999),
        ("bytes=255998-900000", 255_998, 255_999),
    ):
        answer = registry.ask("GET", place, Range=wanted)
        assert (206, CONTENT[first : last + 1]) == (answer.status, answer.body)
        assert f"bytes {first}-{last}/256000" == answer.headers["content-range"]
    assert 416 == registry.ask("GET", place, Range="bytes=256000-").status
    assert CONTENT == registry.ask("GET", place, Range="bytes=0-1,5-6").body


def test_what_is_not_there_is_named_as_unknown(registry: RegistryClient, repository: str) -> None:
    digest = digest_of(b"missing")
    assert (404, "BLOB_UNKNOWN") == registry.ask("GET", f"{BLOBS}/{digest}").error[:2]
    assert (404, "MANIFEST_UNKNOWN") == registry.ask("GET", f"{MANIFESTS}/v1").error[:2]
    assert (404, "MANIFEST_UNKNOWN") == registry.ask("GET", f"{MANIFESTS}/{digest}").error[:2]
    unknown = registry.ask("POST", "/v2/nobody/blobs/uploads/", b"").error
    assert (404, "NAME_UNKNOWN") == unknown[:2]
    assert "The repository with name 'nobody' does not exist in the registry" in unknown[2]
    assert "NAME_INVALID" == registry.ask("GET", "/v2/Bad_Name/tags/list").error[1]
    assert "DIGEST_INVALID" == registry.ask("GET", f"{BLOBS}/sha256:zz").error[1]
    assert (405, "UNSUPPORTED") == registry.ask("DELETE", f"{BLOBS}/{digest}").error[:2]
    for upload in ("%00", "nonsense", "0" * 5000, "..", "%ff"):
        for method in ("GET", "PATCH", "PUT", "DELETE"):
            path = f"{UPLOADS}{upload}?digest={digest}"
            found = registry.ask(method, path, b"" if method != "GET" else None)
            assert (404, "BLOB_UPLOAD_UNKNOWN") == found.error[:2]
    for path in ("/v2/%00/tags/list", "/v2/a%2F..%2Fb/tags/list", "/v2//tags/list"):
        assert registry.ask("GET", path).status in (400, 404)


def test_a_manifest_must_be_one_and_have_its_layers(
    registry: RegistryClient, repository: str
) -> None:
    pushed = image(layer(entry("a")))
    missing = registry.put(repository, "v1", pushed.manifest, pushed.media_type)
    assert (400, "MANIFEST_BLOB_UNKNOWN") == missing.error[:2]
    for text in (b"no json", b"{}", b'{"schemaVersion": 1}', b"[" * 10_000):
        refused = registry.put(repository, "v1", text, OCI_MANIFEST)
        assert (400, "MANIFEST_INVALID") == refused.error[:2]
    odd = json.dumps({**json.loads(pushed.manifest), "artifactType": "a\0b"}).encode()
    assert "MANIFEST_INVALID" == registry.put(repository, "v1", odd, OCI_MANIFEST).error[1]
    other = registry.put(repository, "v1", pushed.manifest, "application/x-other")
    assert 400 == other.status
    wrong = registry.put(repository, digest_of(b"x"), pushed.manifest, pushed.media_type)
    assert (400, "DIGEST_INVALID") == wrong.error[:2]
    assert "TAG_INVALID" == registry.put(repository, "-v", b"{}", OCI_MANIFEST).error[1]
    large = registry.put(repository, "v1", b" " * (4_194_304 + 1), OCI_MANIFEST)
    assert (413, "SIZE_INVALID") == large.error[:2]


def test_an_index_names_images_that_are_there(
    registry: RegistryClient, ecr: Any, repository: str
) -> None:
    pushed = image(layer(entry("a")))
    index = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [descriptor(pushed.manifest, OCI_MANIFEST)],
        }
    ).encode()
    missing = registry.put(repository, "all", index, OCI_INDEX)
    assert (400, "MANIFEST_BLOB_UNKNOWN") == missing.error[:2]
    registry.push(repository, pushed, pushed.digest)
    assert 201 == registry.put(repository, "all", index, OCI_INDEX).status
    assert (405, "UNSUPPORTED") == registry.ask("DELETE", f"{MANIFESTS}/{pushed.digest}").error[:2]
    failure = ecr.batch_delete_image(
        repositoryName=repository, imageIds=[{"imageDigest": pushed.digest}]
    )["failures"][0]
    assert "ImageReferencedByManifestList" == failure["failureCode"]


def test_tags_are_listed_in_pages(registry: RegistryClient, repository: str) -> None:
    pushed = image(layer(entry("a")))
    for tag in ("c", "a", "b"):
        registry.push(repository, pushed, tag)
    assert {"name": repository, "tags": ["a", "b", "c"]} == registry.ask(
        "GET", "/v2/team/app/tags/list"
    ).json
    first = registry.ask("GET", "/v2/team/app/tags/list?n=2")
    assert ["a", "b"] == first.json["tags"]
    following = first.headers["link"].split(">")[0].removeprefix("<")
    rest = registry.ask("GET", following)
    assert (["c"], False) == (rest.json["tags"], "link" in rest.headers)
    assert [] == registry.ask("GET", "/v2/team/app/tags/list?n=0").json["tags"]
    wrong = registry.ask("GET", "/v2/team/app/tags/list?n=x").error
    assert (400, "PAGINATION_NUMBER_INVALID") == wrong[:2]
    assert ["team/app"] == registry.ask("GET", "/v2/_catalog").json["repositories"]


def test_what_refers_to_an_image_is_listed(registry: RegistryClient, repository: str) -> None:
    pushed = image(layer(entry("a")))
    registry.push(repository, pushed, "v1")
    signature = image(
        layer(entry("signature")),
        subject=descriptor(pushed.manifest, OCI_MANIFEST),
        artifactType="application/x-signature",
        annotations={"by": "us"},
    )
    answer = registry.push(repository, signature, signature.digest)
    assert pushed.digest == answer.headers["oci-subject"]
    place = f"/v2/team/app/referrers/{pushed.digest}"
    expected = {
        **descriptor(signature.manifest, OCI_MANIFEST),
        "artifactType": "application/x-signature",
        "annotations": {"by": "us"},
    }
    found = registry.ask("GET", place)
    assert ([expected], OCI_INDEX) == (found.json["manifests"], found.headers["content-type"])
    filtered = registry.ask("GET", f"{place}?artifactType=other")
    assert ([], "artifactType") == (
        filtered.json["manifests"],
        filtered.headers["oci-filters-applied"],
    )


def test_a_deleted_image_takes_the_layers_that_no_other_names(
    pileus: Running, registry: RegistryClient, repository: str
) -> None:
    both, own = layer(entry("both")), layer(entry("own"))
    first, second = image(both, own), image(both)
    registry.push(repository, first, "v1")
    registry.push(repository, second, "v2")
    assert 202 == registry.ask("DELETE", f"{MANIFESTS}/{first.digest}").status
    assert 404 == registry.ask("GET", f"{MANIFESTS}/v1").status
    assert 200 == registry.ask("HEAD", f"{BLOBS}/{digest_of(first.layers[0])}").status
    assert 404 == registry.ask("HEAD", f"{BLOBS}/{digest_of(first.layers[1])}").status
    assert 202 == registry.ask("DELETE", f"{MANIFESTS}/v2").status
    assert 200 == registry.ask("GET", f"{MANIFESTS}/{second.digest}").status


def test_a_layer_that_no_image_names_goes_after_a_day(
    pileus: Running, ecr: Any, repository: str, account: str
) -> None:
    host = ecr.describe_repositories()["repositories"][0]["repositoryUri"].partition("/")[0]
    client = RegistryClient(pileus.url, host=host)
    pushed = image(layer(entry("a")))
    client.push(repository, pushed, "v1")
    client.upload(repository, CONTENT)
    pileus.advance(24 * 3600)
    assert 404 == client.ask("HEAD", f"{BLOBS}/{digest_of(CONTENT)}").status
    assert 200 == client.ask("HEAD", f"{BLOBS}/{digest_of(pushed.layers[0])}").status
    client.close()


def test_an_immutable_tag_is_not_moved(registry: RegistryClient, ecr: Any, repository: str) -> None:
    ecr.put_image_tag_mutability(repositoryName=repository, imageTagMutability="IMMUTABLE")
    first = image(layer(entry("a")))
    assert 201 == registry.push(repository, first, "v1").status
    assert 201 == registry.push(repository, first, "v1").status
    refused = registry.push(repository, image(layer(entry("b"))), "v1")
    assert (400, "TAG_INVALID") == refused.error[:2]
    assert (
        "The image tag 'v1' already exists in the 'team/app' repository and cannot be overwritten "
        "because the tag is immutable."
    ) == refused.error[2]


def test_signed_requests_below_v2_are_not_the_registrys(pileus: Running, aws: Any) -> None:
    client = http.client.HTTPConnection("127.0.0.1", pileus.port)
    signature = "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/apigateway/aws4_request"
    client.request("GET", "/v2/x/tags/list", headers={"Authorization": signature})
    assert "docker-distribution-api-version" not in client.getresponse().headers
    client.close()


def test_memory_does_not_grow_with_a_layer(
    pileus: Running, registry: RegistryClient, repository: str, tmp_path: Path
) -> None:
    piece, count = CONTENT[:65536] * 4, 600
    size_bytes, whole = len(piece) * count, hashlib.sha256()
    for _ in range(count):
        whole.update(piece)
    place = registry.ask("POST", UPLOADS, b"").headers["location"]
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    added = registry.ask("PATCH", place, (piece for _ in range(count)))
    assert f"0-{size_bytes - 1}" == added.headers["range"]
    done = registry.ask("PUT", f"{place}?digest=sha256:{whole.hexdigest()}", b"")
    assert 201 == done.status
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb
    assert grown_kb < 40 * 1024, f"{size_bytes >> 20} MiB cost {grown_kb} KiB"
    tail = registry.ask("GET", done.headers["location"], Range="bytes=-65536")
    assert piece[-65536:] == tail.body
