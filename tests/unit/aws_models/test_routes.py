"""A REST request means the most specific operation that it fits."""

import pytest

from pileus.aws_models import load
from pileus.aws_models.routes import Router, route_of


def router(*routes: tuple[str, str, str]) -> Router:
    return Router((method, uri, route_of(name, uri)) for method, uri, name in routes)


S3_REQUESTS = [
    ("GET", "/", "", "ListBuckets", {}),
    ("PUT", "/bucket", "", "CreateBucket", {"Bucket": "bucket"}),
    ("GET", "/bucket/", "", "ListObjects", {"Bucket": "bucket"}),
    ("GET", "/bucket", "list-type=2&prefix=a", "ListObjectsV2", {"Bucket": "bucket"}),
    ("GET", "/bucket", "acl", "GetBucketAcl", {"Bucket": "bucket"}),
    ("GET", "/bucket", "acl=", "GetBucketAcl", {"Bucket": "bucket"}),
    ("GET", "/bucket", "location", "GetBucketLocation", {"Bucket": "bucket"}),
    ("GET", "/bucket", "versions", "ListObjectVersions", {"Bucket": "bucket"}),
    ("GET", "/bucket", "lifecycle", "GetBucketLifecycleConfiguration", {"Bucket": "bucket"}),
    ("GET", "/bucket", "inventory", "ListBucketInventoryConfigurations", {"Bucket": "bucket"}),
    ("GET", "/bucket", "inventory&id=1", "GetBucketInventoryConfiguration", {"Bucket": "bucket"}),
    ("POST", "/bucket", "delete", "DeleteObjects", {"Bucket": "bucket"}),
    ("HEAD", "/bucket/key", "", "HeadObject", {"Bucket": "bucket", "Key": "key"}),
    ("GET", "/bucket/a/b//c/", "", "GetObject", {"Bucket": "bucket", "Key": "a/b//c/"}),
    ("GET", "/bucket/key", "partNumber=1", "GetObject", {"Bucket": "bucket", "Key": "key"}),
    ("GET", "/bucket/key", "uploadId=1", "ListParts", {"Bucket": "bucket", "Key": "key"}),
    ("PUT", "/bucket/key", "", "PutObject", {"Bucket": "bucket", "Key": "key"}),
    ("PUT", "/bucket/k", "partNumber=1&uploadId=2", "UploadPart", {"Bucket": "bucket", "Key": "k"}),
    ("POST", "/bucket/k", "uploads", "CreateMultipartUpload", {"Bucket": "bucket", "Key": "k"}),
    (
        "POST",
        "/bucket/k",
        "uploadId=2",
        "CompleteMultipartUpload",
        {"Bucket": "bucket", "Key": "k"},
    ),
    ("DELETE", "/bucket/k", "uploadId=2", "AbortMultipartUpload", {"Bucket": "bucket", "Key": "k"}),
    ("GET", "/bucket/k", "tagging", "GetObjectTagging", {"Bucket": "bucket", "Key": "k"}),
]


@pytest.mark.parametrize(("method", "path", "query", "operation", "labels"), S3_REQUESTS)
def test_s3s_path_style_requests_are_told_apart(
    method: str, path: str, query: str, operation: str, labels: dict[str, str]
) -> None:
    assert (operation, labels) == load.load("s3").router.match(method, path, query, {})


def test_a_copy_is_known_by_its_header() -> None:
    headers = {"x-amz-copy-source": "/a/b"}
    match = load.load("s3").router.match
    assert ("CopyObject", {"Bucket": "b", "Key": "k"}) == match("PUT", "/b/k", "", headers)
    found = match("PUT", "/b/k", "partNumber=1&uploadId=2", headers)
    assert ("UploadPartCopy", {"Bucket": "b", "Key": "k"}) == found


def test_a_fixed_segment_wins_over_a_label() -> None:
    routes = router(("GET", "/things/{id}", "Get"), ("GET", "/things/all", "List"))
    assert ("List", {}) == routes.match("GET", "/things/all", "", {})
    assert ("Get", {"id": "one"}) == routes.match("GET", "/things/one", "", {})


def test_a_label_is_tried_where_the_fixed_segment_leads_nowhere() -> None:
    routes = router(("GET", "/a/b/c", "Fixed"), ("GET", "/{x}/b/d", "Label"))
    assert ("Label", {"x": "a"}) == routes.match("GET", "/a/b/d", "", {})


def test_a_greedy_label_may_have_more_behind_it() -> None:
    match = load.load("s3control").router.match
    found = match("GET", "/v20180820/mrap/instances/a/b/policy", "", {})
    assert ("GetMultiRegionAccessPointPolicy", {"name": "a/b"}) == found


def test_labels_stay_encoded_and_are_never_empty() -> None:
    routes = router(("GET", "/tags/{arn}", "Tags"))
    assert ("Tags", {"arn": "a%2Fb%20c"}) == routes.match("GET", "/tags/a%2Fb%20c", "", {})
    assert routes.match("GET", "/tags//", "", {}) is None
    assert routes.match("GET", "/tags/", "", {}) is None


def test_a_literal_in_the_query_must_have_its_value() -> None:
    match = load.load("lambda").router.match
    found = match("GET", "/2018-10-31/layers", "find=LayerVersion&Arn=x", {})
    assert ("GetLayerVersionByArn", {}) == found
    assert ("ListLayers", {}) == match("GET", "/2018-10-31/layers", "find=Other", {})


def test_another_method_or_path_is_none() -> None:
    match = load.load("lambda").router.match
    assert match("PATCH", "/2015-03-31/functions", "", {}) is None
    assert match("GET", "/2015-03-31/functions/f/nothing", "", {}) is None
    assert match("GET", "", "", {}) is None
    assert match("GET", "/" * 10_000, "", {}) is None


def test_services_with_a_shared_name_are_told_apart_by_path() -> None:
    both = load.in_order([load.load("s3"), load.load("s3control")])
    found = load.find_route(both, "GET", "/v20180820/accesspoint", "", {})
    assert found is not None
    assert ("s3control", "ListAccessPoints") == (found[0].name, found[1])
    found = load.find_route(both, "GET", "/v20180821/accesspoint", "", {})
    assert found is not None
    assert ("s3", "GetObject") == (found[0].name, found[1])


def test_lexs_versions_are_told_apart_by_a_slash_at_the_end() -> None:
    both = load.in_order([load.load("lex-models"), load.load("lexv2-models")])
    old = load.find_route(both, "DELETE", "/bots/one", "", {})
    new = load.find_route(both, "DELETE", "/bots/one/", "", {})
    assert old is not None
    assert new is not None
    assert ("lex-models", "lexv2-models") == (old[0].name, new[0].name)
