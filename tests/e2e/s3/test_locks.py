"""Object lock: retention and legal holds, by the virtual clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from support.refusals import Refusal, refusal
from support.running import Running

DAY = 86_400
PROTECTED = Refusal("AccessDenied", "Access Denied because object protected by object lock.", 403)
MISSING = Refusal("InvalidRequest", "Bucket is missing Object Lock Configuration", 400)
FUTURE = Refusal("InvalidArgument", "The retain until date must be in the future!", 400)
NO_LOCK = Refusal(
    "NoSuchObjectLockConfiguration",
    "The specified object does not have a ObjectLock configuration",
    404,
)
_numbers = count()


@pytest.fixture
def locked(s3: Any) -> str:
    name = f"locked-bucket-{next(_numbers)}"
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return name


def later(pileus: Running, days: float) -> datetime:
    """An instant from now on, in whole seconds."""
    return datetime.fromtimestamp(pileus.now // 1000, UTC) + timedelta(days=days)


def put(s3: Any, bucket: str, **members: Any) -> dict[str, Any]:
    """The members that name the new version."""
    version = s3.put_object(Bucket=bucket, Key="k", Body=b"x", **members)["VersionId"]
    return {"Bucket": bucket, "Key": "k", "VersionId": version}


def lock(mode: str, until: datetime) -> dict[str, Any]:
    return {"ObjectLockMode": mode, "ObjectLockRetainUntilDate": until}


def test_compliance_keeps_a_version_until_its_date(pileus: Running, s3: Any, locked: str) -> None:
    until = later(pileus, 2)
    version = put(s3, locked, **lock("COMPLIANCE", until))
    head = s3.head_object(**version)
    assert ("COMPLIANCE", until) == (head["ObjectLockMode"], head["ObjectLockRetainUntilDate"])
    assert {"Mode": "COMPLIANCE", "RetainUntilDate": until} == s3.get_object_retention(**version)[
        "Retention"
    ]
    assert PROTECTED == refusal(s3.delete_object, **version)
    assert PROTECTED == refusal(s3.delete_object, **version, BypassGovernanceRetention=True)
    change = refusal(
        s3.put_object_retention, **version, BypassGovernanceRetention=True,
        Retention={"Mode": "COMPLIANCE", "RetainUntilDate": later(pileus, 1)},
    )  # fmt: skip
    assert PROTECTED == change
    longer = {"Mode": "COMPLIANCE", "RetainUntilDate": later(pileus, 3)}
    s3.put_object_retention(**version, Retention=longer)
    # A marker may hide it, and goes as it came.
    marker = s3.delete_object(Bucket=locked, Key="k")["VersionId"]
    s3.delete_object(Bucket=locked, Key="k", VersionId=marker)
    pileus.advance(3 * DAY - 1)
    assert PROTECTED == refusal(s3.delete_object, **version)
    pileus.advance(1)
    s3.delete_object(**version)
    assert "NoSuchVersion" == refusal(s3.get_object, **version).code


def test_governance_lets_those_pass_who_ask_for_it(pileus: Running, s3: Any, locked: str) -> None:
    one, other = (put(s3, locked, **lock("GOVERNANCE", later(pileus, 2))) for _ in range(2))
    assert PROTECTED == refusal(s3.delete_object, **one)
    listed = {"Objects": [{"Key": "k", "VersionId": one["VersionId"]}]}
    failed = s3.delete_objects(Bucket=locked, Delete=listed)["Errors"]
    assert [("AccessDenied", PROTECTED.message)] == [
        (each["Code"], each["Message"]) for each in failed
    ]
    s3.delete_objects(Bucket=locked, Delete=listed, BypassGovernanceRetention=True)
    shorter = {"Mode": "GOVERNANCE", "RetainUntilDate": later(pileus, 1)}
    assert PROTECTED == refusal(s3.put_object_retention, **other, Retention=shorter)
    assert PROTECTED == refusal(s3.put_object_retention, **other, Retention={})
    s3.put_object_retention(**other, Retention=shorter, BypassGovernanceRetention=True)
    s3.put_object_retention(**other, Retention={}, BypassGovernanceRetention=True)
    assert NO_LOCK == refusal(s3.get_object_retention, **other)
    s3.delete_object(**other)


def test_a_legal_hold_has_no_end(pileus: Running, s3: Any, locked: str) -> None:
    version = put(s3, locked)
    assert NO_LOCK == refusal(s3.get_object_legal_hold, **version)
    s3.put_object_legal_hold(**version, LegalHold={"Status": "ON"})
    assert "ON" == s3.get_object(**version)["ObjectLockLegalHoldStatus"]
    pileus.advance(1000 * DAY)
    assert PROTECTED == refusal(s3.delete_object, **version, BypassGovernanceRetention=True)
    s3.put_object_legal_hold(**version, LegalHold={"Status": "OFF"})
    assert {"Status": "OFF"} == s3.get_object_legal_hold(**version)["LegalHold"]
    s3.delete_object(**version)
    held = put(s3, locked, ObjectLockLegalHoldStatus="ON")
    assert PROTECTED == refusal(s3.delete_object, **held)
    assert "MalformedXML" == refusal(
        s3.put_object_legal_hold, **held, LegalHold={"Status": "NO"}
    ).code  # fmt: skip


def test_new_versions_take_the_buckets_retention(pileus: Running, s3: Any, locked: str) -> None:
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}
    enabled = {"ObjectLockEnabled": "Enabled"}
    assert enabled == s3.get_object_lock_configuration(Bucket=locked)["ObjectLockConfiguration"]
    s3.put_object_lock_configuration(
        Bucket=locked, ObjectLockConfiguration={**enabled, "Rule": rule}
    )
    assert {**enabled, "Rule": rule} == s3.get_object_lock_configuration(Bucket=locked)[
        "ObjectLockConfiguration"
    ]
    version = put(s3, locked)
    copied = s3.copy_object(Bucket=locked, Key="copy", CopySource=f"{locked}/k")
    ask = {"Bucket": locked, "Key": "parts"}
    upload = {**ask, "UploadId": s3.create_multipart_upload(**ask)["UploadId"]}
    etag = s3.upload_part(**upload, PartNumber=1, Body=b"part")["ETag"]
    s3.complete_multipart_upload(
        **upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]}
    )
    expected = later(pileus, 1)
    for head in (
        s3.head_object(**version), s3.head_object(**ask),
        s3.head_object(Bucket=locked, Key="copy", VersionId=copied["VersionId"]),
    ):  # fmt: skip
        assert ("COMPLIANCE", expected) == (
            head["ObjectLockMode"], head["ObjectLockRetainUntilDate"],
        )  # fmt: skip
    own = put(s3, locked, **lock("GOVERNANCE", later(pileus, 5)))
    assert "GOVERNANCE" == s3.head_object(**own)["ObjectLockMode"]
    s3.put_object_lock_configuration(Bucket=locked, ObjectLockConfiguration=enabled)
    assert "ObjectLockMode" not in s3.head_object(**put(s3, locked))


def test_rules_wait_for_a_lock_to_end(pileus: Running, s3: Any, locked: str) -> None:
    rule = {"Status": "Enabled", "Filter": {}, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}}
    s3.put_bucket_lifecycle_configuration(Bucket=locked, LifecycleConfiguration={"Rules": [rule]})
    retained = put(s3, locked, **lock("GOVERNANCE", later(pileus, 9)))
    held = put(s3, locked, ObjectLockLegalHoldStatus="ON")
    put(s3, locked)
    pileus.advance(8 * DAY)
    assert 3 == len(s3.list_object_versions(Bucket=locked)["Versions"])
    pileus.advance(2 * DAY)
    assert "NoSuchVersion" == refusal(s3.get_object, **retained).code
    assert 2 == len(s3.list_object_versions(Bucket=locked)["Versions"])
    s3.put_object_legal_hold(**held, LegalHold={"Status": "OFF"})
    pileus.advance(DAY)
    assert 1 == len(s3.list_object_versions(Bucket=locked)["Versions"])


def test_a_bucket_that_keeps_versions_may_be_locked_later(
    pileus: Running, s3: Any, bucket: str
) -> None:
    enabled = {"ObjectLockEnabled": "Enabled"}
    missing = Refusal(
        "ObjectLockConfigurationNotFoundError",
        "Object Lock configuration does not exist for this bucket",
        404,
    )
    assert missing == refusal(s3.get_object_lock_configuration, Bucket=bucket)
    until = lock("GOVERNANCE", later(pileus, 1))
    assert MISSING == refusal(s3.put_object, Bucket=bucket, Key="k", **until)
    assert MISSING == refusal(s3.create_multipart_upload, Bucket=bucket, Key="k", **until)
    s3.put_object(Bucket=bucket, Key="k")
    assert MISSING == refusal(s3.get_object_retention, Bucket=bucket, Key="k")
    unversioned = Refusal(
        "InvalidBucketState",
        "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
        409,
    )
    ask = {"Bucket": bucket, "ObjectLockConfiguration": enabled}
    assert unversioned == refusal(s3.put_object_lock_configuration, **ask)
    versioning = {"Status": "Enabled"}
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=versioning)
    s3.put_object_lock_configuration(**ask)
    assert PROTECTED == refusal(s3.delete_object, **put(s3, bucket, **until))
    suspended = {"Status": "Suspended"}
    assert "InvalidBucketState" == refusal(
        s3.put_bucket_versioning, Bucket=bucket, VersioningConfiguration=suspended
    ).code  # fmt: skip


def test_what_cannot_be_is_refused(pileus: Running, s3: Any, locked: str) -> None:
    ask = {"Bucket": locked, "Key": "k"}
    assert FUTURE == refusal(s3.put_object, **ask, **lock("GOVERNANCE", later(pileus, -1)))
    alone = Refusal(
        "InvalidArgument",
        "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied",
        400,
    )
    assert alone == refusal(s3.put_object, **ask, ObjectLockMode="GOVERNANCE")
    unknown = lock("OTHER", later(pileus, 1))
    assert "Unknown wormMode directive." == refusal(s3.put_object, **ask, **unknown).message
    version = put(s3, locked)
    past = {"Mode": "GOVERNANCE", "RetainUntilDate": later(pileus, -1)}
    assert FUTURE == refusal(s3.put_object_retention, **version, Retention=past)
    assert "MalformedXML" == refusal(
        s3.put_object_retention, **version, Retention={"Mode": "GOVERNANCE"}
    ).code  # fmt: skip

    def configure(**retention: Any) -> Refusal:
        rule = {"DefaultRetention": retention}
        wanted = {"ObjectLockEnabled": "Enabled", "Rule": rule}
        return refusal(
            s3.put_object_lock_configuration, Bucket=locked, ObjectLockConfiguration=wanted
        )

    assert "MalformedXML" == configure(Mode="GOVERNANCE", Days=1, Years=1).code
    assert "MalformedXML" == configure(Days=1).code
    assert "InvalidArgument" == configure(Mode="GOVERNANCE", Days=0).code
