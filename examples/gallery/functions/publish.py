"""Runs for each change of the table: writes the list that the site's page shows."""

import json
import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
site = boto3.resource("s3").Bucket(os.environ["SITE"])


def handle(event, context):
    pictures = [
        {"name": item["name"], "bytes": int(item["bytes"])} for item in table.scan()["Items"]
    ]
    pictures.sort(key=lambda picture: picture["name"])
    site.put_object(Key="pictures.json", Body=json.dumps(pictures), ContentType="application/json")
    print("published", len(pictures), "after", len(event["Records"]), "changes")
