"""Functions that are container images, pushed to the registry and run in real sandboxes."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pileus.services.lambda_.layers import layer_uses
from support import skips
from support.busybox_images import function_image
from support.lambdas import make_role, package
from support.oci_images import (
    OCI_INDEX,
    OCI_MANIFEST,
    Image,
    RegistryClient,
    descriptor,
    digest_of,
    entry,
    image,
    layer,
    oci_archive,
)
from support.refusals import refusal
from support.running import Running

EVENT_BACK = 'read event; echo "{\\"got\\":$event,\\"handler\\":\\"$_HANDLER\\"}"'


@pytest.fixture(scope="module")
def pileus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("pileus")
    (folder / "images").mkdir()
    running = Running(folder / "data", images=folder / "images").start()
    running.freeze()
    yield running
    running.stop()


class Shop:
    """Pushes images of one account and makes functions of them."""

    def __init__(self, pileus: Running, aws: Callable[..., Any], account: str) -> None:
        self.pileus = pileus
        self.client, self.ecr = aws("lambda"), aws("ecr")
        self.role = make_role(aws("iam"), "worker")
        made = self.ecr.create_repository(repositoryName="app")["repository"]
        self.repository = made["repositoryUri"]
        self._registry = RegistryClient(pileus.url, host=self.repository.partition("/")[0])

    def push(self, pushed: Image, tag: str = "v1") -> str:
        """The image's address."""
        assert 201 == self._registry.push("app", pushed, tag).status
        return f"{self.repository}:{tag}"

    def put(self, tag: str, manifest: bytes, media_type: str) -> str:
        assert 201 == self._registry.put("app", tag, manifest, media_type).status
        return f"{self.repository}:{tag}"

    def create(self, uri: str, name: str = "f", **members: Any) -> Any:
        return self.client.create_function(
            FunctionName=name, PackageType="Image", Code={"ImageUri": uri}, Role=self.role,
            MemorySize=512, Timeout=20, **members,
        )  # fmt: skip

    def invoke(self, event: Any = 1, name: str = "f") -> Any:
        answer = self.client.invoke(FunctionName=name, Payload=json.dumps(event).encode())
        return answer["Payload"].read().decode()


@pytest.fixture
def shop(pileus: Running, aws: Callable[..., Any], account: str) -> Shop:
    return Shop(pileus, aws, account)


def test_an_image_runs_as_it_says(shop: Shop) -> None:
    pushed = function_image(EVENT_BACK)
    uri = shop.push(pushed)
    made = shop.create(uri)
    digest = pushed.digest.removeprefix("sha256:")
    expected = ("Image", digest, 0, ["x86_64"])
    shown = (made["PackageType"], made["CodeSha256"], made["CodeSize"], made["Architectures"])
    assert expected == shown
    assert {"Runtime", "Handler", "RuntimeVersionConfig"}.isdisjoint(made)
    for number in (1, 2):
        assert {"got": number, "handler": "app.handler"} == json.loads(shop.invoke(number))
    resolved = f"{shop.repository}@{pushed.digest}"
    assert {"RepositoryType": "ECR", "ImageUri": uri, "ResolvedImageUri": resolved} == (
        shop.client.get_function(FunctionName="f")["Code"]
    )


def test_the_limits_of_zips_are_not_those_of_images(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layer_uses, "UNZIPPED_BYTES_MAX", 1000)
    shop.create(shop.push(function_image("echo large")))
    shop.client.update_function_configuration(FunctionName="f", Layers=[])
    assert "large\n" == shop.invoke()


def test_a_function_may_say_otherwise_than_its_image(shop: Shop) -> None:
    answer = 'echo "$_HANDLER $* $(pwd) $COLOUR $SIZE $HOME"'
    config = {"WorkingDir": "/bin", "Env": ["COLOUR=red", "SIZE=1", "HOME=/nowhere"]}
    uri = shop.push(function_image(answer, config=config))
    shop.create(uri, Environment={"Variables": {"SIZE": "2"}})
    assert "app.handler app.handler /bin red 2 /nowhere\n" == shop.invoke()
    wanted = {"Command": ["other.handler", "x"], "WorkingDirectory": "/tmp"}
    changed = shop.client.update_function_configuration(FunctionName="f", ImageConfig=wanted)
    assert {"ImageConfig": wanted} == changed["ImageConfigResponse"]
    assert "other.handler other.handler x /tmp red 2 /nowhere\n" == shop.invoke()
    entry_point = {"EntryPoint": ["/bootstrap", "own"]}
    shop.client.update_function_configuration(FunctionName="f", ImageConfig=entry_point)
    # Without a command of its own it has none, as in Docker.
    assert " own /bin red 2 /nowhere\n" == shop.invoke()
    changed = shop.client.update_function_configuration(FunctionName="f", ImageConfig={})
    assert "ImageConfigResponse" not in changed
    assert "app.handler app.handler /bin red 2 /nowhere\n" == shop.invoke()


def test_a_tag_means_what_it_meant_when_the_function_got_it(shop: Shop) -> None:
    uri = shop.push(function_image("echo one"))
    shop.create(uri)
    second = function_image("echo two")
    shop.push(second)
    assert "one\n" == shop.invoke()
    shop.client.publish_version(FunctionName="f")
    updated = shop.client.update_function_code(FunctionName="f", ImageUri=uri)
    assert second.digest.removeprefix("sha256:") == updated["CodeSha256"]
    assert ["two\n", "one\n"] == [shop.invoke(), shop.invoke(name="f:1")]
    by_digest = f"{shop.repository}@{second.digest}"
    shop.create(by_digest, "by-digest")
    assert "two\n" == shop.invoke(name="by-digest")


def test_an_image_has_its_own_files_and_none_of_the_machines(shop: Shop) -> None:
    look = """
        echo "root: $(ls / | tr '\\n' ' ')"
        echo "etc: $(ls /etc | tr '\\n' ' ')"
        touch /here 2>/dev/null || echo "read-only"
        touch /tmp/here && echo "tmp"
        cat /etc/resolv.conf | grep -c 127.0.0.1
        id -u
        cat /proc/1/environ 2>&1 | grep -c PATH
        mkdir /proc/x 2>/dev/null || echo "no proc"
    """
    shop.create(shop.push(function_image(look)))
    said = shop.invoke().splitlines()
    expected_root = "answer bin bootstrap dev etc lambda-entrypoint.sh mnt proc tmp var"
    assert f"root: {expected_root} " == said[0]
    assert "etc: hosts resolv.conf " == said[1]
    assert ["read-only", "tmp", "1", "993", "0", "no proc"] == said[2:]


def test_upper_layers_hide_what_lies_below(shop: Shop) -> None:
    lower = layer(entry("data/a", b"a"), entry("data/b", b"b"), entry("old/x", b"x"))
    upper = layer(
        entry("data/.wh.a"), entry("data/c", b"c"), entry("old/y", b"y"),
        entry("old/.wh..wh..opq"),
    )  # fmt: skip
    shop.create(shop.push(function_image("ls /data /old | tr '\\n' ' '", lower, upper)))
    assert "/data: b c  /old: y " == shop.invoke()


def test_a_program_that_is_not_there_is_told_in_awss_words(shop: Shop) -> None:
    for name, config, kind, message in (
        ("program", {"EntryPoint": ["/nope"]}, "Runtime.InvalidEntrypoint",
         "fork/exec /nope: no such file or directory"),
        ("name", {"EntryPoint": ["nope"]}, "Runtime.InvalidEntrypoint",
         "fork/exec nope: no such file or directory"),
        ("place", {"WorkingDirectory": "/nope"}, "Runtime.InvalidWorkingDir",
         "chdir /nope: no such file or directory"),
    ):  # fmt: skip
        uri = shop.push(function_image("echo"))
        shop.create(uri, name, ImageConfig=config)
        answer = json.loads(shop.invoke(name=name))
        assert kind == answer["errorType"]
        assert answer["errorMessage"].endswith(f"Error: {message}")


EXTENSION = """#!/bin/sh
api=http://$AWS_LAMBDA_RUNTIME_API/2020-01-01/extension
wget -q -S -O /dev/null --header 'Lambda-Extension-Name: watcher' \\
    --post-data '{"events":["INVOKE"]}' $api/register 2>/tmp/head-of-watcher
id=$(grep -i lambda-extension-identifier /tmp/head-of-watcher | cut -d: -f2 | tr -d ' \\r')
while wget -q -O /dev/null --header "Lambda-Extension-Identifier: $id" $api/event/next; do
    touch /tmp/seen
done
"""


def test_extensions_of_an_image_are_started(shop: Shop) -> None:
    watcher = layer(entry("opt/extensions/watcher", EXTENSION.encode()))
    shop.create(shop.push(function_image("ls /tmp | grep -c seen", watcher)))
    shop.invoke()
    # The second event waits for the extension to be done with the first.
    assert "1\n" == shop.invoke()


def test_a_name_is_looked_for_in_the_images_path(shop: Shop) -> None:
    config = {"Entrypoint": ["bootstrap"], "Env": ["PATH=/bin:/"]}
    shop.create(shop.push(function_image("echo found", config=config)))
    assert "found\n" == shop.invoke()


def test_the_image_may_go_and_its_function_stays(shop: Shop) -> None:
    pushed = function_image("echo still")
    shop.create(shop.push(pushed))
    shop.ecr.batch_delete_image(repositoryName="app", imageIds=[{"imageDigest": pushed.digest}])
    shop.pileus.advance(3600)
    assert "still\n" == shop.invoke()
    packages = shop.pileus.settings.data / "packages"
    unpacked = packages / pushed.digest.removeprefix("sha256:")
    assert unpacked.is_dir()
    shop.client.delete_function(FunctionName="f")
    shop.pileus.advance(3600)
    # It goes with the last environment, which ends in its own time.
    shop.pileus.run(_environments_ended(shop.pileus))
    assert not unpacked.exists()


async def _environments_ended(pileus: Running) -> None:
    fleet: Any = pileus.app.kernel.fleet
    await asyncio.gather(*[each.ended for each in list(fleet._host.environments.values())])
    await asyncio.gather(*fleet._unpacked._removals)


def invalid(message: str) -> tuple[str, str, int]:
    return ("InvalidParameterValueException", message, 400)


def test_addresses_that_lead_to_no_image_are_refused(shop: Shop, account: str) -> None:
    host = shop.repository.partition("/")[0]
    for uri in (
        shop.repository,
        "app:v1",
        "docker.io/library/app:v1",
        f"{host.replace('us-east-1', 'eu-west-1')}/app:v1",
        f"{host}/app:",
    ):
        message = f"Source image {uri} is not valid. Provide a valid source image."
        assert invalid(message) == refusal(shop.create, uri=uri)
    for uri in (
        f"{shop.repository}:nope",
        f"{shop.repository}@{digest_of(b'nope')}",
        f"{host}/nope:v1",
        f"{account}.dkr.ecr.us-east-1.amazonaws.com/app:nope",
        "localhost:4566/nope:v1",
    ):
        message = f"Source image {uri} does not exist. Provide a valid source image."
        assert invalid(message) == refusal(shop.create, uri=uri)


def test_images_that_lambda_does_not_take_are_refused(shop: Shop) -> None:
    plain = image(layer(entry("a")))
    shop.push(plain)
    index = {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [descriptor(plain.manifest, OCI_MANIFEST)],
    }
    manifest = json.loads(plain.manifest)
    layers = [{**each, "mediaType": f"{each['mediaType']}x"} for each in manifest["layers"]]
    config = {**manifest["config"], "mediaType": "application/x-other"}
    for tag, document, media_type in (
        ("index", index, OCI_INDEX),
        ("layers", {**manifest, "layers": layers}, OCI_MANIFEST),
        ("config", {**manifest, "config": config}, OCI_MANIFEST),
        ("fewer", {**manifest, "layers": []}, OCI_MANIFEST),
    ):
        uri = shop.put(tag, json.dumps(document).encode(), media_type)
        message = (
            f"The image manifest, config or layer media type for the source image {uri} is not "
            "supported."
        )
        assert invalid(message) == refusal(shop.create, uri=uri)


def test_hostile_layers_are_refused_and_leave_nothing(shop: Shop) -> None:
    outside = shop.pileus.settings.data / "outside"
    for number, hostile in enumerate(
        (
            layer(entry("../../../outside", b"x")),
            layer(entry("a/../../b", b"x")),
            layer(entry("a", type=tarfile.LNKTYPE, linkname="../../../etc/passwd")),
            layer(entry("a", type=tarfile.LNKTYPE, linkname="missing")),
            layer(entry("a", type=tarfile.SYMTYPE, linkname="a"), entry("a/b", b"x")),
            b"no tar at all" * 1000,
        )
    ):
        uri = shop.push(image(hostile), f"hostile-{number}")
        message = f"Source image {uri} is not valid. Provide a valid source image."
        assert invalid(message) == refusal(shop.create, uri=uri)
    assert not outside.exists()
    assert [] == [each.name for each in (shop.pileus.settings.data / "packages").glob(".*")]


def test_zips_and_images_have_members_of_their_own(shop: Shop) -> None:
    uri = shop.push(function_image("echo"))
    only_zip = (
        "Please don't provide Handler or Runtime or Layer when the intended function PackageType "
        "is Image."
    )
    for members in ({"Handler": "a.b"}, {"Runtime": "python3.12"}):
        assert invalid(only_zip) == refusal(shop.create, uri=uri, **members)
    shop.create(uri)
    change = shop.client.update_function_configuration
    assert invalid(only_zip) == refusal(change, FunctionName="f", Handler="a.b")
    needed = "Please provide ImageUri when updating a function with packageType Image."
    update = shop.client.update_function_code
    assert invalid(needed) == refusal(update, FunctionName="f", ZipFile=package())
    zipped = {
        "FunctionName": "z", "Role": shop.role, "Runtime": "python3.12", "Handler": "index.h",
    }  # fmt: skip
    create = shop.client.create_function
    no_uri = "Please don't provide ImageUri when creating a function with packageType Zip."
    assert invalid(no_uri) == refusal(create, **zipped, Code={"ImageUri": uri})
    no_config = "Please don't provide ImageConfig when the intended function PackageType is Zip."
    code = {"ZipFile": package()}
    config = {"Command": ["a"]}
    assert invalid(no_config) == refusal(create, **zipped, Code=code, ImageConfig=config)
    create(**zipped, Code=code)
    no_uri = "Please don't provide ImageUri when updating a function with packageType Zip."
    assert invalid(no_uri) == refusal(update, FunctionName="z", ImageUri=uri)


@pytest.fixture(scope="module")
def home(pileus: Running) -> Shop:
    """In the account that plain addresses mean."""
    return Shop(pileus, pileus.client, "000000000000")


EMULATOR = "/2015-03-31/functions/function/invocations"


def emulate(pileus: Running, event: bytes = b"1", **headers: str) -> tuple[int, str]:
    """Call as tools call the runtime interface emulator: without a signature."""
    connection = http.client.HTTPConnection("127.0.0.1", pileus.port, timeout=60)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("POST", EMULATOR, event, sent)
    answer = connection.getresponse()
    found = answer.status, answer.read().decode()
    connection.close()
    return found


def test_the_emulators_address_invokes_the_only_image_or_the_function_of_its_name(
    pileus: Running, home: Shop
) -> None:
    shop = home
    status, said = emulate(pileus)
    assert (404, True) == (status, "no function is a container image" in said)
    uri = shop.push(function_image("cat", config={}))
    shop.create(uri, "one")
    assert (200, "7") == emulate(pileus, b"7")
    shop.create(shop.push(function_image("echo two"), "two"), "two")
    status, said = emulate(pileus)
    assert (404, True) == (status, "several functions are a container image" in said)
    shop.create(uri, "function")
    assert (200, "8") == emulate(pileus, b"8")
    assert 413 == emulate(pileus, bytes(6_300_000))[0]
    assert 403 == emulate(pileus, Origin="https://elsewhere.example")[0]


def test_pages_of_strangers_do_not_reach_the_registry(pileus: Running) -> None:
    client = RegistryClient(pileus.url)
    origin = "https://elsewhere.example"
    for method, path in (("GET", "/v2/"), ("POST", "/v2/app/blobs/uploads/")):
        assert (
            403 == client.ask(method, path, b"" if method == "POST" else None, Origin=origin).status
        )
    client.close()


def test_skopeo_pushes_what_a_function_runs(home: Shop, tmp_path: Path) -> None:
    skopeo, shop = skips.program("skopeo", "skopeo"), home
    shop.push(function_image("echo pushed"))
    login = shop.ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    credentials = base64.b64decode(login).decode()
    here = f"docker://127.0.0.1:{shop.pileus.port}/app"
    archive = f"oci-archive:{tmp_path}/image.tar:v1"
    insecure = [skopeo, "--insecure-policy"]
    for command in (
        ["copy", "--src-tls-verify=false", "--src-creds", credentials, f"{here}:v1", archive],
        ["copy", "--dest-tls-verify=false", "--dest-creds", credentials, archive, f"{here}:oci"],
        ["copy", "--dest-tls-verify=false", "--dest-creds", credentials, "--format=v2s2", archive,
         f"{here}:docker"],
    ):  # fmt: skip
        subprocess.run([*insecure, *command], check=True, timeout=60, capture_output=True)
    for tag in ("oci", "docker"):
        shop.create(f"{shop.repository}:{tag}", tag)
        assert "pushed\n" == shop.invoke(name=tag)


def test_an_image_may_lie_in_a_file(shop: Shop) -> None:
    folder = shop.pileus.settings.images
    assert folder is not None
    first, second = function_image("echo first"), function_image("echo second")
    (folder / "two.tar").write_bytes(oci_archive({"v1": first, "v2": second}))
    (folder / "one.tar").write_bytes(oci_archive({"": first}))
    (folder / "broken.tar").write_bytes(b"no archive" * 1000)
    (folder.parent / "outside.tar").write_bytes(oci_archive({"": first}))
    for name, uri, said in (
        ("a", "oci-archive:two.tar:v2", "second\n"),
        ("b", "oci-archive:one.tar", "first\n"),
    ):
        made = shop.create(uri, name)
        digest = made["CodeSha256"]
        assert said == shop.invoke(name=name)
        code = shop.client.get_function(FunctionName=name)["Code"]
        file = uri.split(":")[1]
        assert (uri, f"oci-archive:{file}@sha256:{digest}") == (
            code["ImageUri"],
            code["ResolvedImageUri"],
        )
    for uri in (
        "oci-archive:two.tar", "oci-archive:two.tar:v3", "oci-archive:none.tar:v1",
        "oci-archive:../outside.tar", "oci-archive:broken.tar", "oci-archive:",
        f"oci-archive:{folder.parent}/outside.tar",
    ):  # fmt: skip
        message = f"Source image {uri} does not exist. Provide a valid source image."
        assert invalid(message) == refusal(shop.create, uri=uri)
