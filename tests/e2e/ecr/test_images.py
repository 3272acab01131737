"""Images and layers by the API."""

from __future__ import annotations

import json
from typing import Any
from urllib.request import urlopen

from support.oci_images import RegistryClient, digest_of, entry, image, layer
from support.refusals import refusal
from support.running import Running

MEGABYTE = 1 << 20


def upload(ecr: Any, repository: str, *parts: bytes) -> str:
    """Upload a layer by the API; its digest."""
    upload_id = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    first = 0
    for part in parts:
        answer = ecr.upload_layer_part(
            repositoryName=repository,
            uploadId=upload_id,
            partFirstByte=first,
            partLastByte=first + len(part) - 1,
            layerPartBlob=part,
        )
        first += len(part)
        assert first - 1 == answer["lastByteReceived"]
    digest = digest_of(b"".join(parts))
    ecr.complete_layer_upload(repositoryName=repository, uploadId=upload_id, layerDigests=[digest])
    return digest


def test_an_image_is_put_by_the_api_and_pulled(
    ecr: Any, registry: RegistryClient, repository: str
) -> None:
    made = image(layer(entry("a")), docker=True)
    for content in (made.config, *made.layers):
        upload(ecr, repository, content)
    put = ecr.put_image(
        repositoryName=repository, imageManifest=made.manifest.decode(), imageTag="v1"
    )["image"]
    assert {"imageDigest": made.digest, "imageTag": "v1"} == put["imageId"]
    assert made.manifest == registry.ask("GET", f"/v2/{repository}/manifests/v1").body
    found = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": "v1"}])
    assert ([put], []) == (found["images"], found["failures"])


def test_a_layer_of_several_parts_is_put_together(ecr: Any, repository: str) -> None:
    parts = (b"a" * (5 * MEGABYTE), b"b" * (6 * MEGABYTE), b"c")
    digest = upload(ecr, repository, *parts)
    url = ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=digest)
    with urlopen(url["downloadUrl"]) as answer:
        assert b"".join(parts) == answer.read()
    found = ecr.batch_check_layer_availability(
        repositoryName=repository, layerDigests=[digest, digest_of(b"missing"), "nonsense"]
    )
    assert [
        {"layerDigest": digest, "layerAvailability": "AVAILABLE", "layerSize": 11 * MEGABYTE + 1},
        {"layerDigest": digest_of(b"missing"), "layerAvailability": "UNAVAILABLE"},
    ] == found["layers"]
    assert ["InvalidLayerDigest"] == [each["failureCode"] for each in found["failures"]]


def test_uploads_are_refused_where_they_are_wrong(ecr: Any, repository: str) -> None:
    upload_id = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    target = {"repositoryName": repository, "uploadId": upload_id}
    digest = digest_of(b"abc")
    complete = {**target, "layerDigests": [digest]}
    assert "EmptyUploadException" == refusal(ecr.complete_layer_upload, **complete).code
    for first, last in ((0, 5), (7, 9)):
        refused = refusal(
            ecr.upload_layer_part,
            **target,
            partFirstByte=first,
            partLastByte=last,
            layerPartBlob=b"abc",
        )
        assert "InvalidLayerPartException" == refused.code
    for first in (0, 3):
        ecr.upload_layer_part(
            **target, partFirstByte=first, partLastByte=first + 2, layerPartBlob=b"abc"
        )
    assert "LayerPartTooSmallException" == refusal(ecr.complete_layer_upload, **complete).code
    other = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    ecr.upload_layer_part(
        repositoryName=repository, uploadId=other, partFirstByte=0, partLastByte=0,
        layerPartBlob=b"x",
    )  # fmt: skip
    refused = refusal(
        ecr.complete_layer_upload,
        repositoryName=repository,
        uploadId=other,
        layerDigests=[digest],
    )
    assert "InvalidLayerException" == refused.code
    known = upload(ecr, repository, b"known")
    again = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    ecr.upload_layer_part(
        repositoryName=repository, uploadId=again, partFirstByte=0, partLastByte=4,
        layerPartBlob=b"known",
    )  # fmt: skip
    ended = {"repositoryName": repository, "uploadId": again, "layerDigests": [known]}
    assert "LayerAlreadyExistsException" == refusal(ecr.complete_layer_upload, **ended).code
    assert "UploadNotFoundException" == refusal(ecr.complete_layer_upload, **ended).code
    missing = {"repositoryName": repository, "layerDigest": digest}
    assert "LayersNotFoundException" == refusal(ecr.get_download_url_for_layer, **missing).code


def test_put_image_refuses_in_awss_words(
    ecr: Any, registry: RegistryClient, repository: str, account: str
) -> None:
    made = image(layer(entry("a")))
    asked = {"repositoryName": repository, "imageManifest": made.manifest.decode()}
    digests = ", ".join([digest_of(made.config), digest_of(made.layers[0])])
    assert (
        "LayersNotFoundException",
        f"Layers with digests '[{digests}]' required for pushing image into repository with name "
        f"'team/app' in the registry with id '{account}' do not exist",
        400,
    ) == refusal(ecr.put_image, **asked)
    registry.push(repository, made, "v1")
    assert (
        "ImageAlreadyExistsException",
        f"Image with digest '{made.digest}' and tag 'v1' already exists in the repository with "
        f"name 'team/app' in registry with id '{account}'",
        400,
    ) == refusal(ecr.put_image, **asked, imageTag="v1")
    assert "ImageAlreadyExistsException" == refusal(ecr.put_image, **asked).code
    ecr.put_image(**asked, imageTag="v2")
    wrong = refusal(ecr.put_image, **asked, imageDigest=digest_of(b"x"))
    assert "ImageDigestDoesNotMatchException" == wrong.code
    assert "InvalidParameterException" == refusal(ecr.put_image, **asked, imageTag="-x").code
    ecr.put_image_tag_mutability(repositoryName=repository, imageTagMutability="IMMUTABLE")
    other = image(layer(entry("a")), config={"Env": ["A=1"]})
    upload(ecr, repository, other.config)
    refused = refusal(
        ecr.put_image,
        repositoryName=repository,
        imageManifest=other.manifest.decode(),
        imageTag="v1",
    )
    assert "ImageTagAlreadyExistsException" == refused.code
    index = json.dumps(
        {
            "schemaVersion": 2,
            "manifests": [{"mediaType": "x", "digest": digest_of(b"x"), "size": 1}],
        }
    )
    missing = refusal(ecr.put_image, repositoryName=repository, imageManifest=index)
    assert "ReferencedImagesNotFoundException" == missing.code
    broken = refusal(ecr.put_image, repositoryName=repository, imageManifest="{")
    assert "InvalidParameterException" == broken.code


def test_images_that_cannot_be_read_are_told_one_by_one(
    ecr: Any, registry: RegistryClient, repository: str
) -> None:
    first, second = image(layer(entry("a"))), image(layer(entry("b")))
    registry.push(repository, first, "v1")
    registry.push(repository, second, "v2")
    found = ecr.batch_get_image(
        repositoryName=repository,
        imageIds=[
            {"imageTag": "v3"},
            {"imageDigest": "nonsense"},
            {},
            {"imageDigest": first.digest, "imageTag": "v2"},
            {"imageDigest": second.digest},
        ],
    )
    assert [
        "ImageNotFound",
        "InvalidImageDigest",
        "MissingDigestAndTag",
        "ImageTagDoesNotMatchDigest",
    ] == [each["failureCode"] for each in found["failures"]]
    assert [second.digest] == [each["imageId"]["imageDigest"] for each in found["images"]]


def test_images_are_listed_and_described(
    pileus: Running, ecr: Any, registry: RegistryClient, repository: str, account: str
) -> None:
    tagged, untagged = image(layer(entry("a"))), image(layer(entry("b")))
    registry.push(repository, tagged, "v1")
    registry.push(repository, tagged, "latest")
    registry.push(repository, untagged, untagged.digest)
    ids = [
        {"imageDigest": tagged.digest, "imageTag": "latest"},
        {"imageDigest": tagged.digest, "imageTag": "v1"},
        {"imageDigest": untagged.digest},
    ]
    expected = sorted(ids, key=lambda each: (each["imageDigest"], each.get("imageTag", "")))
    found: list[dict[str, str]] = []
    token: dict[str, str] = {}
    while True:
        page = ecr.list_images(repositoryName=repository, maxResults=1, **token)
        found += page["imageIds"]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert expected == found
    for status, wanted in (("TAGGED", ids[:2]), ("UNTAGGED", ids[2:])):
        listed = ecr.list_images(repositoryName=repository, filter={"tagStatus": status})
        assert wanted == listed["imageIds"]
        described = ecr.describe_images(repositoryName=repository, filter={"tagStatus": status})
        assert 1 == len(described["imageDetails"])
    detail = ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": "v1"}])
    shown = detail["imageDetails"][0]
    assert pileus.now // 1000 == int(shown.pop("imagePushedAt").timestamp())
    assert {
        "registryId": account,
        "repositoryName": repository,
        "imageDigest": tagged.digest,
        "imageTags": ["latest", "v1"],
        "imageSizeInBytes": len(tagged.config) + len(tagged.layers[0]),
        "imageManifestMediaType": tagged.media_type,
        "artifactMediaType": "application/vnd.oci.image.config.v1+json",
        "imageStatus": "ACTIVE",
    } == shown
    first = ecr.describe_images(repositoryName=repository, maxResults=1)
    rest = ecr.describe_images(repositoryName=repository, nextToken=first["nextToken"])
    assert sorted([tagged.digest, untagged.digest]) == [
        each["imageDigest"] for each in first["imageDetails"] + rest["imageDetails"]
    ]
    assert (
        "ImageNotFoundException",
        "The image with imageId {imageDigest:'null', imageTag:'v9'} does not exist within the "
        f"repository with name 'team/app' in the registry with id '{account}'",
        400,
    ) == refusal(ecr.describe_images, repositoryName=repository, imageIds=[{"imageTag": "v9"}])


def test_a_tag_goes_alone_and_the_last_takes_the_image(
    ecr: Any, registry: RegistryClient, repository: str
) -> None:
    made = image(layer(entry("a")))
    registry.push(repository, made, "v1")
    registry.push(repository, made, "v2")

    def delete(**image_id: str) -> Any:
        answer = ecr.batch_delete_image(repositoryName=repository, imageIds=[image_id])
        return answer["imageIds"], [each["failureCode"] for each in answer["failures"]]

    first = {"imageDigest": made.digest, "imageTag": "v1"}
    assert ([first], []) == delete(imageTag="v1")
    assert [{"imageDigest": made.digest, "imageTag": "v2"}] == ecr.list_images(
        repositoryName=repository
    )["imageIds"]
    assert ([{"imageDigest": made.digest, "imageTag": "v2"}], []) == delete(imageTag="v2")
    assert [] == ecr.list_images(repositoryName=repository)["imageIds"]
    assert ([], ["ImageNotFound"]) == delete(imageDigest=made.digest)
    registry.push(repository, made, "v1")
    assert ([first], []) == delete(imageDigest=made.digest)
