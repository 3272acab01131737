"""CloudFormation's resource types of ECR."""

from __future__ import annotations

from pileus.kernel.resource_types import ResourceType, Step

_NAME = {"repositoryName": "RepositoryName"}
_LIFECYCLE = Step(
    "PutLifecyclePolicy",
    {**_NAME, "lifecyclePolicyText": "LifecyclePolicy.LifecyclePolicyText"},
    needs="LifecyclePolicy",
)
_POLICY = Step(
    "SetRepositoryPolicy",
    {**_NAME, "policyText": "RepositoryPolicyText"},
    needs="RepositoryPolicyText",
)

REPOSITORY = ResourceType(
    name="AWS::ECR::Repository",
    create=(
        Step(
            "CreateRepository",
            {
                **_NAME,
                "imageTagMutability": "ImageTagMutability",
                "imageScanningConfiguration.scanOnPush": "ImageScanningConfiguration.ScanOnPush",
                "encryptionConfiguration.encryptionType": "EncryptionConfiguration.EncryptionType",
                "encryptionConfiguration.kmsKey": "EncryptionConfiguration.KmsKey",
                "tags": "Tags",
            },
        ),
        _LIFECYCLE,
        _POLICY,
    ),
    update=(
        Step(
            "PutImageTagMutability",
            {**_NAME, "imageTagMutability": "ImageTagMutability"},
            needs="ImageTagMutability",
        ),
        Step(
            "PutImageScanningConfiguration",
            {
                **_NAME,
                "imageScanningConfiguration.scanOnPush": "ImageScanningConfiguration.ScanOnPush",
            },
            needs="ImageScanningConfiguration",
        ),
        _LIFECYCLE,
        _POLICY,
    ),
    delete=(Step("DeleteRepository", {**_NAME, "force": "EmptyOnDelete"}),),
    read=Step("DescribeRepositories", {"repositoryNames": "RepositoryName"}),
    reference="repositories.0.repositoryName",
    attributes={
        "Arn": "repositories.0.repositoryArn",
        "RepositoryUri": "repositories.0.repositoryUri",
    },
    replacing=("RepositoryName", "EncryptionConfiguration"),
)

RESOURCE_TYPES = (REPOSITORY,)
