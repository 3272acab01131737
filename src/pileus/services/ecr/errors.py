"""The errors that ECR answers, in AWS's words."""

from __future__ import annotations

from collections.abc import Sequence

from pileus.kernel.errors import AwsError
from pileus.services.ecr.store import Repository


def invalid_parameter(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)


def invalid_repository_name() -> AwsError:
    return invalid_parameter(
        "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular "
        "expression '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*''"
    )


def invalid_arn(arn: str) -> AwsError:
    return invalid_parameter(
        f"Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN' ({arn})"
    )


def invalid_token() -> AwsError:
    return invalid_parameter("Invalid parameter at 'nextToken' failed to satisfy constraint")


def conflicting_members(first: str, second: str) -> AwsError:
    return invalid_parameter(
        f"Invalid parameter: '{first}' and '{second}' cannot be specified together"
    )


def invalid_tag_parameter(reason: str) -> AwsError:
    return AwsError("InvalidTagParameterException", reason)


def too_many_tags() -> AwsError:
    return AwsError(
        "TooManyTagsException",
        "The list of tags on the repository is over the limit. The maximum number of tags that can "
        "be applied to a repository is 50.",
    )


# Repositories.


def repository_not_found(name: str, registry: str) -> AwsError:
    return AwsError(
        "RepositoryNotFoundException",
        f"The repository with name '{name}' does not exist in the registry with id '{registry}'",
    )


def repository_exists(name: str, registry: str) -> AwsError:
    return AwsError(
        "RepositoryAlreadyExistsException",
        f"The repository with name '{name}' already exists in the registry with id '{registry}'",
    )


def repository_not_empty(name: str, registry: str) -> AwsError:
    return AwsError(
        "RepositoryNotEmptyException",
        f"The repository with name '{name}' in registry with id '{registry}' cannot be deleted "
        "because it still contains images",
    )


def _within(repository: Repository) -> str:
    return (
        f"the repository with name '{repository.name}' in the registry with id "
        f"'{repository.registry}'"
    )


def policy_not_found(repository: Repository) -> AwsError:
    return AwsError(
        "RepositoryPolicyNotFoundException",
        f"Repository policy does not exist for {_within(repository)}",
    )


def invalid_policy(reason: str) -> AwsError:
    return invalid_parameter(
        "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository "
        f"policy provided' ({reason})"
    )


def lifecycle_not_found(repository: Repository) -> AwsError:
    return AwsError(
        "LifecyclePolicyNotFoundException",
        f"Lifecycle policy does not exist for {_within(repository)}",
    )


def invalid_lifecycle(reason: str) -> AwsError:
    return invalid_parameter(
        "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle "
        f"policy validation failure: {reason}'"
    )


# Images.


def image_not_found(digest: str, tag: str, repository: Repository) -> AwsError:
    wanted = f"{{imageDigest:'{digest or 'null'}', imageTag:'{tag or 'null'}'}}"
    return AwsError(
        "ImageNotFoundException",
        f"The image with imageId {wanted} does not exist within the repository with name "
        f"'{repository.name}' in the registry with id '{repository.registry}'",
    )


def image_exists(digest: str, tag: str, repository: Repository) -> AwsError:
    tagged = f" and tag '{tag}'" if tag else ""
    return AwsError(
        "ImageAlreadyExistsException",
        f"Image with digest '{digest}'{tagged} already exists in the repository with name "
        f"'{repository.name}' in registry with id '{repository.registry}'",
    )


def tag_is_immutable(tag: str, repository: Repository) -> AwsError:
    return AwsError(
        "ImageTagAlreadyExistsException",
        f"The image tag '{tag}' already exists in the '{repository.name}' repository and cannot be "
        "overwritten because the tag is immutable.",
    )


def too_many_image_tags(at_most: int) -> AwsError:
    return AwsError(
        "LimitExceededException",
        f"The maximum number of tags for an image ({at_most}) has been reached.",
    )


def digest_differs() -> AwsError:
    return AwsError(
        "ImageDigestDoesNotMatchException",
        "The specified image digest does not match the digest that Amazon ECR calculated for the "
        "image.",
    )


def invalid_manifest(reason: str) -> AwsError:
    return invalid_parameter(
        "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax "
        f"or manifest' ({reason})"
    )


def invalid_image_tag() -> AwsError:
    return invalid_parameter(
        "Invalid parameter at 'imageTag' failed to satisfy constraint: 'must satisfy regular "
        "expression '[a-zA-Z0-9-_.]+''"
    )


def _required(noun: str, digests: Sequence[str], repository: Repository) -> str:
    return (
        f"{noun} with digests '[{', '.join(digests)}]' required for pushing image into repository "
        f"with name '{repository.name}' in the registry with id '{repository.registry}' do not "
        "exist"
    )


def layers_missing(digests: Sequence[str], repository: Repository) -> AwsError:
    return AwsError("LayersNotFoundException", _required("Layers", digests, repository))


def images_missing(digests: Sequence[str], repository: Repository) -> AwsError:
    return AwsError("ReferencedImagesNotFoundException", _required("Images", digests, repository))


# Layers and uploads.


def layer_not_found(digest: str, repository: Repository) -> AwsError:
    return AwsError(
        "LayersNotFoundException",
        f"The layer with digest '{digest}' does not exist in {_within(repository)}",
    )


def layer_exists(digest: str, repository: Repository) -> AwsError:
    return AwsError(
        "LayerAlreadyExistsException",
        f"Layer with digest '{digest}' already exists in {_within(repository)}",
    )


def upload_not_found(upload_id: str, repository: Repository) -> AwsError:
    return AwsError(
        "UploadNotFoundException",
        f"Layer upload with id '{upload_id}' does not exist in {_within(repository)}",
    )


def empty_upload() -> AwsError:
    return AwsError(
        "EmptyUploadException", "The specified layer upload does not contain any layer parts."
    )


def invalid_part(repository: Repository, upload_id: str, size_bytes: int) -> AwsError:
    return AwsError(
        "InvalidLayerPartException",
        "The layer part size is not valid, or the first byte specified is not consecutive to the "
        "last byte of a previous layer part upload.",
        registryId=repository.registry,
        repositoryName=repository.name,
        uploadId=upload_id,
        lastValidByteReceived=max(size_bytes - 1, 0),
    )


def part_too_small() -> AwsError:
    return AwsError("LayerPartTooSmallException", "Layer parts must be at least 5 MiB in size.")


def layer_differs() -> AwsError:
    return AwsError(
        "InvalidLayerException",
        "The layer digest calculation performed by Amazon ECR upon receipt of the image layer does "
        "not match the digest specified.",
    )


def layer_too_large() -> AwsError:
    return AwsError(
        "LimitExceededException", "The maximum size of a layer (52,000 MiB) has been exceeded."
    )


def too_many_parts(at_most: int) -> AwsError:
    return AwsError(
        "LimitExceededException",
        f"The maximum number of parts of a layer ({at_most}) has been exceeded.",
    )
