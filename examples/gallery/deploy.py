"""Builds the gallery with plain boto3: `python deploy.py`; it runs against AWS as well.

A browser uploads a picture into one bucket; that runs a function, which writes a table; the table's
stream runs another, which writes the list that the site in the other bucket shows.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import boto3

HERE = Path(__file__).parent
TYPES = {".html": "text/html", ".json": "application/json"}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
RIGHTS = [
    "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
    "arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess",
    "arn:aws:iam::aws:policy/AmazonS3FullAccess",
]


class Gallery:
    """One gallery in the session's account and region; all its names begin with `name`."""

    def __init__(self, session: boto3.Session, name: str) -> None:
        self.name = name
        self.uploads, self.site, self.table = f"{name}-uploads", f"{name}-site", f"{name}-pictures"
        self.s3 = session.client("s3")
        self.region = session.region_name
        self._iam = session.client("iam")
        self._lambda = session.client("lambda")
        self._dynamodb = session.client("dynamodb")

    def deploy(self) -> None:
        """Make everything, from the back to the front: nothing is fed before it can work."""
        role = self._make_role()
        self._make_site()
        stream = self._make_table()
        settings = {"TABLE": self.table, "SITE": self.site}
        self._make_function("publish", role, settings)
        self._lambda.create_event_source_mapping(
            FunctionName=f"{self.name}-publish", EventSourceArn=stream,
            StartingPosition="TRIM_HORIZON", BatchSize=100,
        )  # fmt: skip
        self._feed_uploads_to(self._make_function("catalogue", role, settings))

    def upload_form(self) -> dict[str, Any]:
        """A form for a browser that has no keys: where to send it, and the fields to send along."""
        form: dict[str, Any] = self.s3.generate_presigned_post(
            self.uploads, "${filename}", Conditions=[["content-length-range", 1, 10_000_000]]
        )
        return form

    def _make_role(self) -> str:
        name = f"{self.name}-functions"
        role = self._iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
        for policy in RIGHTS:
            self._iam.attach_role_policy(RoleName=name, PolicyArn=policy)
        arn: str = role["Role"]["Arn"]
        return arn

    def _make_site(self) -> None:
        self._make_bucket(self.site)
        self.s3.put_bucket_website(
            Bucket=self.site,
            WebsiteConfiguration={
                "IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "error.html"},
            },
        )  # fmt: skip
        self.s3.delete_public_access_block(Bucket=self.site)
        anybody_reads = {
            "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{self.site}/*",
        }  # fmt: skip
        policy = {"Version": "2012-10-17", "Statement": [anybody_reads]}
        self.s3.put_bucket_policy(Bucket=self.site, Policy=json.dumps(policy))
        for page in sorted((HERE / "site").iterdir()):
            self.s3.put_object(
                Bucket=self.site, Key=page.name, Body=page.read_bytes(),
                ContentType=TYPES[page.suffix],
            )  # fmt: skip

    def _make_table(self) -> str:
        self._dynamodb.create_table(
            TableName=self.table,
            KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
        )
        self._dynamodb.get_waiter("table_exists").wait(TableName=self.table)
        stream: str = self._dynamodb.describe_table(TableName=self.table)["Table"][
            "LatestStreamArn"
        ]
        return stream

    def _make_function(self, module: str, role: str, settings: dict[str, str]) -> str:
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as archive:
            archive.write(HERE / "functions" / f"{module}.py", f"{module}.py")
        name = f"{self.name}-{module}"
        made = self._lambda.create_function(
            FunctionName=name, Runtime="python3.11", Role=role, Handler=f"{module}.handle",
            Code={"ZipFile": package.getvalue()}, Environment={"Variables": settings},
            Timeout=30, MemorySize=512,
        )  # fmt: skip
        self._lambda.get_waiter("function_active_v2").wait(FunctionName=name)
        arn: str = made["FunctionArn"]
        return arn

    def _feed_uploads_to(self, function_arn: str) -> None:
        self._make_bucket(self.uploads)
        self._lambda.add_permission(
            FunctionName=function_arn, StatementId="uploads", Action="lambda:InvokeFunction",
            Principal="s3.amazonaws.com", SourceArn=f"arn:aws:s3:::{self.uploads}",
        )  # fmt: skip
        feeding = {"LambdaFunctionArn": function_arn, "Events": ["s3:ObjectCreated:*"]}
        self.s3.put_bucket_notification_configuration(
            Bucket=self.uploads,
            NotificationConfiguration={"LambdaFunctionConfigurations": [feeding]},
        )

    def _make_bucket(self, name: str) -> None:
        # The first region is the one that may not be named.
        where = {"LocationConstraint": self.region}
        settings = {} if self.region == "us-east-1" else {"CreateBucketConfiguration": where}
        self.s3.create_bucket(Bucket=name, **settings)


def main() -> None:
    session = boto3.Session()
    gallery = Gallery(session, "gallery")
    gallery.deploy()
    endpoint = session.client("s3").meta.endpoint_url
    print(f"The site: bucket {gallery.site}, served as a website.")
    print(f"Upload:   aws s3 cp PICTURE s3://{gallery.uploads}/   (endpoint {endpoint})")


if __name__ == "__main__":
    main()
