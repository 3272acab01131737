"""Repositories, their settings, policies and tags."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from support.oci_images import RegistryClient, entry, image, layer
from support.refusals import refusal
from support.running import Running

POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "ecr:BatchGetImage",
            }
        ],
    }
)
LIFECYCLE = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "description": "Untagged images go after two weeks.",
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": 14,
                },
                "action": {"type": "expire"},
            }
        ]
    }
)


def not_found(account: str, name: str = "nobody") -> tuple[str, str, int]:
    message = (
        f"The repository with name '{name}' does not exist in the registry with id '{account}'"
    )
    return ("RepositoryNotFoundException", message, 400)


def test_a_repository_is_created_as_asked(pileus: Running, ecr: Any, account: str) -> None:
    made = ecr.create_repository(
        repositoryName="a/b",
        imageTagMutability="IMMUTABLE",
        imageScanningConfiguration={"scanOnPush": True},
        tags=[{"Key": "team", "Value": "red"}],
    )["repository"]
    created_at = made.pop("createdAt")
    assert pileus.now // 1000 == int(created_at.timestamp())
    host = f"{account}.dkr.ecr.us-east-1.localhost.localstack.cloud:{pileus.port}"
    arn = f"arn:aws:ecr:us-east-1:{account}:repository/a/b"
    assert {
        "repositoryArn": arn,
        "registryId": account,
        "repositoryName": "a/b",
        "repositoryUri": f"{host}/a/b",
        "imageTagMutability": "IMMUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfiguration": {"encryptionType": "AES256"},
    } == made
    described = ecr.describe_repositories(repositoryNames=["a/b"])["repositories"]
    assert [{**made, "createdAt": created_at}] == described
    tags = ecr.list_tags_for_resource(resourceArn=arn)["tags"]
    assert [{"Key": "team", "Value": "red"}] == tags


def test_a_name_is_taken_once_and_must_be_well_formed(ecr: Any, account: str) -> None:
    ecr.create_repository(repositoryName="once")
    assert (
        "RepositoryAlreadyExistsException",
        f"The repository with name 'once' already exists in the registry with id '{account}'",
        400,
    ) == refusal(ecr.create_repository, repositoryName="once")
    for name in ("Upper", "a//b", "-a", "a_-b", "x" * 257):
        refused = refusal(ecr.create_repository, repositoryName=name)
        assert "InvalidParameterException" == refused.code


def test_repositories_are_listed_in_pages(ecr: Any) -> None:
    for name in ("one", "two", "three"):
        ecr.create_repository(repositoryName=name)
    first = ecr.describe_repositories(maxResults=2)
    rest = ecr.describe_repositories(nextToken=first["nextToken"])
    found = [each["repositoryName"] for each in first["repositories"] + rest["repositories"]]
    assert (["one", "three", "two"], False) == (found, "nextToken" in rest)
    refused = refusal(ecr.describe_repositories, nextToken="nonsense")
    assert "InvalidParameterException" == refused.code
    refused = refusal(ecr.describe_repositories, repositoryNames=["one"], maxResults=2)
    assert "InvalidParameterException" == refused.code


@pytest.mark.parametrize(
    "operation, members",
    [
        ("delete_repository", {}),
        ("put_image_tag_mutability", {"imageTagMutability": "MUTABLE"}),
        ("put_image_scanning_configuration", {"imageScanningConfiguration": {}}),
        ("set_repository_policy", {"policyText": POLICY}),
        ("get_repository_policy", {}),
        ("delete_repository_policy", {}),
        ("put_lifecycle_policy", {"lifecyclePolicyText": LIFECYCLE}),
        ("get_lifecycle_policy", {}),
        ("delete_lifecycle_policy", {}),
        ("initiate_layer_upload", {}),
        ("batch_check_layer_availability", {"layerDigests": ["sha256:0"]}),
        ("get_download_url_for_layer", {"layerDigest": "sha256:0"}),
        ("put_image", {"imageManifest": "{}"}),
        ("batch_get_image", {"imageIds": [{"imageTag": "v1"}]}),
        ("batch_delete_image", {"imageIds": [{"imageTag": "v1"}]}),
        ("describe_images", {}),
        ("list_images", {}),
    ],
)
def test_nothing_can_be_done_with_a_repository_that_is_not_there(
    ecr: Any, account: str, operation: str, members: dict[str, Any]
) -> None:
    ask = getattr(ecr, operation)
    assert not_found(account) == refusal(ask, repositoryName="nobody", **members)


def test_a_repository_with_images_is_deleted_by_force(
    pileus: Running, ecr: Any, registry: RegistryClient, repository: str, account: str
) -> None:
    pushed = image(layer(entry("a", b"x" * 100_000)), layer(entry("b")))
    registry.push(repository, pushed, "v1")
    registry.ask("POST", "/v2/team/app/blobs/uploads/", b"")
    assert (
        "RepositoryNotEmptyException",
        f"The repository with name 'team/app' in registry with id '{account}' cannot be deleted "
        "because it still contains images",
        400,
    ) == refusal(ecr.delete_repository, repositoryName=repository)
    ecr.delete_repository(repositoryName=repository, force=True)
    assert [] == ecr.describe_repositories()["repositories"]
    pileus.advance(0)
    ecr.create_repository(repositoryName=repository)
    assert [] == ecr.list_images(repositoryName=repository)["imageIds"]
    assert 404 == registry.ask("GET", "/v2/team/app/manifests/v1").status
    rows = pileus.run(_blobs_of(pileus, f"arn:aws:ecr:us-east-1:{account}:repository/{repository}"))
    assert 0 == rows


async def _blobs_of(pileus: Running, arn: str) -> int:
    kernel = pileus.app.kernel
    call = kernel.call_for(kernel.own_context, "ecr", "Test")
    return int(await call.read(_count_blobs, about=arn))


def _count_blobs(tx: Any) -> int:
    return int(tx.one("SELECT COUNT(*) FROM kernel_blobs WHERE part = :part")[0])


def test_settings_change(ecr: Any, repository: str) -> None:
    filters = [{"filterType": "WILDCARD", "filter": "dev-*"}]
    changed = ecr.put_image_tag_mutability(
        repositoryName=repository,
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=filters,
    )
    assert filters == changed["imageTagMutabilityExclusionFilters"]
    ecr.put_image_scanning_configuration(
        repositoryName=repository, imageScanningConfiguration={"scanOnPush": True}
    )
    found = ecr.describe_repositories(repositoryNames=[repository])["repositories"][0]
    assert ("IMMUTABLE_WITH_EXCLUSION", filters, {"scanOnPush": True}) == (
        found["imageTagMutability"],
        found["imageTagMutabilityExclusionFilters"],
        found["imageScanningConfiguration"],
    )
    for mutability, given in (("MUTABLE", filters), ("MUTABLE_WITH_EXCLUSION", None)):
        members = {"imageTagMutabilityExclusionFilters": given} if given else {}
        refused = refusal(
            ecr.put_image_tag_mutability,
            repositoryName=repository,
            imageTagMutability=mutability,
            **members,
        )
        assert "InvalidParameterException" == refused.code


def test_excluded_tags_move_in_an_immutable_repository(
    ecr: Any, registry: RegistryClient, repository: str
) -> None:
    ecr.put_image_tag_mutability(
        repositoryName=repository,
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "dev-*"}],
    )
    first, second = image(layer(entry("a"))), image(layer(entry("b")))
    for tag in ("dev-1", "v1"):
        registry.push(repository, first, tag)
    assert 201 == registry.push(repository, second, "dev-1").status
    assert 400 == registry.push(repository, second, "v1").status


def test_a_repository_policy_is_kept_and_removed(ecr: Any, account: str, repository: str) -> None:
    missing = (
        "RepositoryPolicyNotFoundException",
        "Repository policy does not exist for the repository with name 'team/app' in the registry "
        f"with id '{account}'",
        400,
    )
    assert missing == refusal(ecr.get_repository_policy, repositoryName=repository)
    ecr.set_repository_policy(repositoryName=repository, policyText=POLICY)
    assert POLICY == ecr.get_repository_policy(repositoryName=repository)["policyText"]
    assert POLICY == ecr.delete_repository_policy(repositoryName=repository)["policyText"]
    assert missing == refusal(ecr.delete_repository_policy, repositoryName=repository)
    for text in ("no json", "{}", '{"Statement": []}', '{"Statement": [{"Effect": "Allow"}]}'):
        refused = refusal(ecr.set_repository_policy, repositoryName=repository, policyText=text)
        assert "InvalidParameterException" == refused.code


def test_a_lifecycle_policy_expires_images_by_the_clock(
    pileus: Running, ecr: Any, account: str, repository: str
) -> None:
    missing = (
        "LifecyclePolicyNotFoundException",
        "Lifecycle policy does not exist for the repository with name 'team/app' in the registry "
        f"with id '{account}'",
        400,
    )
    assert missing == refusal(ecr.get_lifecycle_policy, repositoryName=repository)
    uri = ecr.describe_repositories()["repositories"][0]["repositoryUri"]
    client = RegistryClient(pileus.url, host=uri.partition("/")[0])
    untagged, tagged = image(layer(entry("a"))), image(layer(entry("b")))
    client.push(repository, untagged, untagged.digest)
    client.push(repository, tagged, "v1")
    ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=LIFECYCLE)
    pileus.advance(14 * 24 * 3600)
    assert 2 == len(ecr.list_images(repositoryName=repository)["imageIds"])
    pileus.advance(24 * 3600)
    left = ecr.list_images(repositoryName=repository)["imageIds"]
    assert [{"imageDigest": tagged.digest, "imageTag": "v1"}] == left
    found = ecr.get_lifecycle_policy(repositoryName=repository)
    assert LIFECYCLE == found["lifecyclePolicyText"]
    assert pileus.now // 1000 == int(found["lastEvaluatedAt"].timestamp())
    ecr.delete_lifecycle_policy(repositoryName=repository)
    assert missing == refusal(ecr.get_lifecycle_policy, repositoryName=repository)
    refused = refusal(
        ecr.put_lifecycle_policy, repositoryName=repository, lifecyclePolicyText="{" + " " * 100
    )
    assert "InvalidParameterException" == refused.code
    client.close()


def test_tags_are_added_and_removed(ecr: Any, account: str, repository: str) -> None:
    arn = f"arn:aws:ecr:us-east-1:{account}:repository/{repository}"
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    ecr.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert [{"Key": "b", "Value": "2"}] == ecr.list_tags_for_resource(resourceArn=arn)["tags"]
    many = [{"Key": f"k{n}", "Value": ""} for n in range(50)]
    assert "TooManyTagsException" == refusal(ecr.tag_resource, resourceArn=arn, tags=many).code
    reserved = [{"Key": "aws:x", "Value": ""}]
    refused = refusal(ecr.tag_resource, resourceArn=arn, tags=reserved)
    assert "InvalidTagParameterException" == refused.code
    assert not_found(account) == refusal(
        ecr.list_tags_for_resource,
        resourceArn=f"arn:aws:ecr:us-east-1:{account}:repository/nobody",
    )
    refused = refusal(ecr.list_tags_for_resource, resourceArn="arn:aws:sqs:us-east-1:1:q")
    assert "InvalidParameterException" == refused.code


def test_the_password_says_whose_registry_it_opens(pileus: Running, ecr: Any, account: str) -> None:
    given = ecr.get_authorization_token()["authorizationData"][0]
    assert base64.b64decode(given["authorizationToken"]).startswith(b"AWS:")
    assert pileus.now // 1000 + 12 * 3600 == int(given["expiresAt"].timestamp())
    host = f"{account}.dkr.ecr.us-east-1.localhost.localstack.cloud:{pileus.port}"
    assert f"http://{host}" == given["proxyEndpoint"]


def test_what_is_not_built_says_so(ecr: Any, repository: str) -> None:
    refused = refusal(ecr.start_lifecycle_policy_preview, repositoryName=repository)
    assert ("NotImplemented", 501) == (refused.code, refused.status)
