"""Runs for each upload: enters the picture into the table."""

import os
from urllib.parse import unquote_plus

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def handle(event, context):
    for record in event["Records"]:
        uploaded = record["s3"]["object"]
        # Keys arrive as in a URL.
        name = unquote_plus(uploaded["key"])
        table.put_item(
            Item={"name": name, "bytes": uploaded["size"], "uploaded_at": record["eventTime"]}
        )
        print("catalogued", name)
