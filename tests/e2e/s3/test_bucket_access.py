"""Who may be given access: policies, ACLs, object ownership, the block of public access."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

import pytest

from support.refusals import Refusal, refusal

_numbers = count()
EVERYBODY = "http://acs.amazonaws.com/groups/global/AllUsers"
NOT_SUPPORTED = Refusal("AccessControlListNotSupported", "The bucket does not allow ACLs", 400)
DENIED = Refusal("AccessDenied", "Access Denied", 403)
STRANGER = "a" * 64


def fresh() -> str:
    return f"access-{next(_numbers)}"


def statement(bucket: str, **members: Any) -> dict[str, Any]:
    """One that gives an account the objects."""
    return {
        "Effect": "Allow",
        "Principal": {"AWS": "123456789012"},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        **members,
    }


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@pytest.fixture
def writers(s3: Any) -> str:
    """A bucket with ACLs, and without a block of public access."""
    name = fresh()
    s3.create_bucket(Bucket=name, ObjectOwnership="ObjectWriter")
    s3.delete_public_access_block(Bucket=name)
    return name


# Policies.


def test_a_bucket_keeps_its_policy(s3: Any, bucket: str) -> None:
    absent = Refusal("NoSuchBucketPolicy", "The bucket policy does not exist", 404)
    assert absent == refusal(s3.get_bucket_policy, Bucket=bucket)
    assert absent == refusal(s3.get_bucket_policy_status, Bucket=bucket)
    text = policy(statement(bucket))
    s3.put_bucket_policy(Bucket=bucket, Policy=text)
    assert text == s3.get_bucket_policy(Bucket=bucket)["Policy"]
    assert not s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"]
    s3.delete_bucket_policy(Bucket=bucket)
    s3.delete_bucket_policy(Bucket=bucket)
    assert absent == refusal(s3.get_bucket_policy, Bucket=bucket)


def test_a_public_policy_must_not_be_blocked(s3: Any, bucket: str, account: str) -> None:
    text = policy(statement(bucket, Principal="*"))
    expected = Refusal(
        "AccessDenied",
        f"User: arn:aws:iam::{account}:root is not authorized to perform: s3:PutBucketPolicy on "
        f'resource: "arn:aws:s3:::{bucket}" because public policies are prevented by the '
        "BlockPublicPolicy setting in S3 Block Public Access.",
        403,
    )
    assert expected == refusal(s3.put_bucket_policy, Bucket=bucket, Policy=text)
    s3.put_public_access_block(
        Bucket=bucket, PublicAccessBlockConfiguration={"BlockPublicAcls": True}
    )
    s3.put_bucket_policy(Bucket=bucket, Policy=text)
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"]


def test_a_malformed_policy_is_refused(s3: Any, bucket: str) -> None:
    for text, expected in (
        (" {}", "Policies must be valid JSON and the first byte must be '{'"),
        ("{}", "Missing required field Statement"),
        (policy(statement("another")), "Policy has invalid resource"),
    ):
        refused = refusal(s3.put_bucket_policy, Bucket=bucket, Policy=text)
        assert Refusal("MalformedPolicy", expected, 400) == refused


# The block of public access, and ownership.


def test_new_buckets_block_public_access(s3: Any, bucket: str) -> None:
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")

    def found() -> dict[str, bool]:
        answer: dict[str, Any] = s3.get_public_access_block(Bucket=bucket)
        configuration: dict[str, bool] = answer["PublicAccessBlockConfiguration"]
        return configuration

    assert dict.fromkeys(names, True) == found()
    s3.put_public_access_block(
        Bucket=bucket, PublicAccessBlockConfiguration={"IgnorePublicAcls": True}
    )
    assert {**dict.fromkeys(names, False), "IgnorePublicAcls": True} == found()
    s3.delete_public_access_block(Bucket=bucket)
    text = "The public access block configuration was not found"
    absent = Refusal("NoSuchPublicAccessBlockConfiguration", text, 404)
    assert absent == refusal(s3.get_public_access_block, Bucket=bucket)
    refused = refusal(s3.put_public_access_block, Bucket=bucket, PublicAccessBlockConfiguration={})
    assert "InvalidRequest" == refused.code


def test_the_owner_of_a_new_bucket_owns_what_is_in_it(s3: Any, bucket: str) -> None:
    def found() -> str:
        answer = s3.get_bucket_ownership_controls(Bucket=bucket)
        return str(answer["OwnershipControls"]["Rules"][0]["ObjectOwnership"])

    def rules(*names: str) -> dict[str, Any]:
        return {"Rules": [{"ObjectOwnership": name} for name in names]}

    assert "BucketOwnerEnforced" == found()
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=rules("BucketOwnerPreferred"))
    assert "BucketOwnerPreferred" == found()
    for wrong in (rules(), rules("Anybody"), rules("ObjectWriter", "ObjectWriter")):
        refused = refusal(s3.put_bucket_ownership_controls, Bucket=bucket, OwnershipControls=wrong)
        assert "MalformedXML" == refused.code
    s3.delete_bucket_ownership_controls(Bucket=bucket)
    absent = Refusal(
        "OwnershipControlsNotFoundError", "The bucket ownership controls were not found", 404
    )
    assert absent == refusal(s3.get_bucket_ownership_controls, Bucket=bucket)


def test_a_bucket_is_made_with_an_ownership_and_an_acl(s3: Any) -> None:
    name = fresh()
    s3.create_bucket(
        Bucket=name, ObjectOwnership="BucketOwnerPreferred", GrantRead=f'id="{STRANGER}"'
    )
    grants = s3.get_bucket_acl(Bucket=name)["Grants"]
    expected = {"Grantee": {"ID": STRANGER, "Type": "CanonicalUser"}, "Permission": "READ"}
    assert [expected] == grants
    text = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"
    against_ownership = Refusal("InvalidBucketAclWithObjectOwnership", text, 400)
    assert against_ownership == refusal(s3.create_bucket, Bucket=fresh(), ACL="public-read")
    refused = refusal(
        s3.put_bucket_ownership_controls,
        Bucket=name,
        OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    )
    assert against_ownership == refused
    text = "Bucket cannot have public ACLs set with BlockPublicAccess enabled"
    against_block = Refusal("InvalidBucketAclWithBlockPublicAccessError", text, 400)
    assert against_block == refusal(
        s3.create_bucket, Bucket=fresh(), ACL="public-read", ObjectOwnership="ObjectWriter"
    )
    text = "Invalid x-amz-object-ownership header: RandomValue"
    assert Refusal("InvalidArgument", text, 400) == refusal(
        s3.create_bucket, Bucket=fresh(), ObjectOwnership="RandomValue"
    )


# ACLs.


def test_the_acl_of_a_new_bucket_is_its_owners(s3: Any, bucket: str) -> None:
    found = s3.get_bucket_acl(Bucket=bucket)
    owner = found["Owner"]["ID"]
    expected = {
        "Grantee": {"ID": owner, "Type": "CanonicalUser"}, "Permission": "FULL_CONTROL"
    }  # fmt: skip
    assert [expected] == found["Grants"]
    s3.put_bucket_acl(Bucket=bucket, ACL="private")
    assert NOT_SUPPORTED == refusal(s3.put_bucket_acl, Bucket=bucket, ACL="public-read")
    assert NOT_SUPPORTED == refusal(s3.put_bucket_acl, Bucket=bucket, GrantRead=f"id={STRANGER}")


def test_canned_acls_are_told_as_grants(s3: Any, writers: str) -> None:
    def of_bucket(canned: str) -> list[tuple[str, str]]:
        s3.put_bucket_acl(Bucket=writers, ACL=canned)
        grants = s3.get_bucket_acl(Bucket=writers)["Grants"][1:]
        return [(each["Grantee"]["URI"].rpartition("/")[2], each["Permission"]) for each in grants]

    assert [("AllUsers", "READ")] == of_bucket("public-read")
    assert [("AllUsers", "READ"), ("AllUsers", "WRITE")] == of_bucket("public-read-write")
    assert [("AuthenticatedUsers", "READ")] == of_bucket("authenticated-read")
    assert [("LogDelivery", "WRITE"), ("LogDelivery", "READ_ACP")] == of_bucket(
        "log-delivery-write"
    )
    assert [] == of_bucket("private")
    assert ("InvalidArgument", 400) == refusal(s3.put_bucket_acl, Bucket=writers, ACL="x")[::2]


def test_grants_come_as_headers_or_as_a_document(s3: Any, writers: str) -> None:
    owner = s3.get_bucket_acl(Bucket=writers)["Owner"]
    s3.put_bucket_acl(
        Bucket=writers,
        GrantFullControl=f'id="{owner["ID"]}"',
        GrantRead=f'uri="{EVERYBODY}", id={STRANGER}',
    )
    found = s3.get_bucket_acl(Bucket=writers)
    assert ["FULL_CONTROL", "READ", "READ"] == [each["Permission"] for each in found["Grants"]]
    assert {"URI": EVERYBODY, "Type": "Group"} == found["Grants"][1]["Grantee"]
    document = {"Owner": owner, "Grants": found["Grants"][1:]}
    s3.put_bucket_acl(Bucket=writers, AccessControlPolicy=document)
    assert document["Grants"] == s3.get_bucket_acl(Bucket=writers)["Grants"]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, ("MissingSecurityHeader", "Your request was missing a required header")),
        ({"GrantRead": "everybody"}, ("InvalidArgument", "Argument format not recognized")),
        ({"GrantRead": "id=abc"}, ("InvalidArgument", "Invalid id")),
        ({"GrantRead": "uri=http://x"}, ("InvalidArgument", "Invalid group uri")),
        (
            {"ACL": "private", "GrantRead": f"id={STRANGER}"},
            ("InvalidRequest", "Specifying both Canned ACLs and Header Grants is not allowed"),
        ),
        (
            {"GrantRead": "emailAddress=a@example.com"},
            (
                "UnresolvableGrantByEmailAddress",
                "The email address you provided does not match any account on record.",
            ),
        ),
    ],
)
def test_wrong_acls_are_refused(
    s3: Any, writers: str, members: dict[str, str], expected: tuple[str, str]
) -> None:
    assert (*expected, 400) == refusal(s3.put_bucket_acl, Bucket=writers, **members)


def test_a_malformed_acl_document_is_refused(s3: Any, writers: str) -> None:
    owner = s3.get_bucket_acl(Bucket=writers)["Owner"]
    grantee = {"Type": "CanonicalUser", "ID": STRANGER}
    for document in (
        {"Grants": []},
        {"Owner": owner, "Grants": [{"Grantee": grantee, "Permission": "EVERYTHING"}]},
        {"Owner": owner, "Grants": [{"Grantee": {"Type": "Group"}, "Permission": "READ"}]},
    ):
        refused = refusal(s3.put_bucket_acl, Bucket=writers, AccessControlPolicy=document)
        assert ("MalformedACLError", 400) == refused[::2]
    foreign = {"Owner": {"ID": STRANGER}, "Grants": []}
    assert DENIED == refusal(s3.put_bucket_acl, Bucket=writers, AccessControlPolicy=foreign)


def test_objects_have_acls_where_their_bucket_does(s3: Any, writers: str) -> None:
    def grants(key: str) -> list[str]:
        found = s3.get_object_acl(Bucket=writers, Key=key)["Grants"]
        return [each["Permission"] for each in found]

    s3.put_object(Bucket=writers, Key="k", ACL="public-read")
    assert ["FULL_CONTROL", "READ"] == grants("k")
    s3.copy_object(Bucket=writers, Key="copy", CopySource=f"{writers}/k")
    assert ["FULL_CONTROL"] == grants("copy")
    begun = s3.create_multipart_upload(Bucket=writers, Key="m", ACL="public-read-write")
    upload = {"Bucket": writers, "Key": "m", "UploadId": begun["UploadId"]}
    part = s3.upload_part(**upload, PartNumber=1, Body=b"x")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(**upload, MultipartUpload=parts)
    assert ["FULL_CONTROL", "READ", "WRITE"] == grants("m")
    s3.put_object_acl(Bucket=writers, Key="k", GrantRead=f"id={STRANGER}")
    assert ["READ"] == grants("k")
    # Where the bucket's owner owns everything, what others were given counts no more.
    s3.put_bucket_ownership_controls(
        Bucket=writers, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    )
    assert ["FULL_CONTROL"] == grants("k")
    refused = refusal(s3.put_object, Bucket=writers, Key="k", ACL="public-read")
    assert NOT_SUPPORTED == refused


def test_public_acls_must_not_be_blocked(s3: Any, writers: str) -> None:
    s3.put_object(Bucket=writers, Key="k")
    s3.put_public_access_block(
        Bucket=writers, PublicAccessBlockConfiguration={"BlockPublicAcls": True}
    )
    assert DENIED == refusal(s3.put_bucket_acl, Bucket=writers, ACL="public-read")
    assert DENIED == refusal(s3.put_object_acl, Bucket=writers, Key="k", ACL="public-read")
    assert DENIED == refusal(s3.put_object, Bucket=writers, Key="k", ACL="public-read")
    s3.put_bucket_acl(Bucket=writers, GrantRead=f"id={STRANGER}")
