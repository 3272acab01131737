"""Where AWS differs from its own models, each with its evidence."""

from __future__ import annotations

from typing import Any

from pileus.aws_models.shapes import Shape


def _named(**members: str) -> dict[str, Any]:
    return {"members": {member: {"queryName": name} for member, name in members.items()}}


def _map_named(key: str, value: str) -> dict[str, Any]:
    return {"key": {"queryName": key}, "value": {"queryName": value}}


def _error(code: str, status: int = 400) -> dict[str, Any]:
    return {"error": {"code": code, "httpStatusCode": status, "senderFault": True}}


_CONTENT_TYPE: dict[str, Any] = {
    "members": {
        "ContentType": {"shape": "String", "location": "header", "locationName": "Content-Type"}
    }
}
_SQS_CODE = "AWS.SimpleQueueService."
_ATTRIBUTES = {"MessageAttributes": "MessageAttribute"}
_SYSTEM_ATTRIBUTES = {"MessageSystemAttributes": "MessageSystemAttribute"}
_BATCH_FAILED = {"Failed": "BatchResultErrorEntry"}
_VALUE_LISTS = {
    "members": {
        "StringListValues": {"queryName": "StringListValue", "flattened": True},
        "BinaryListValues": {"queryName": "BinaryListValue", "flattened": True},
    }
}

# Amazon SQS API Reference, "Making Query API requests" and the query examples and errors of each
# action: the model names the JSON protocol only, while AWS goes on to answer both.
SQS: dict[str, Any] = {
    "metadata": {
        "protocols": ["json", "query"],
        "xmlNamespace": "http://queue.amazonaws.com/doc/2012-11-05/",
    },
    "shapes": {
        "QueueAttributeMap": _map_named("Name", "Value"),
        "MessageSystemAttributeMap": _map_named("Name", "Value"),
        "MessageBodyAttributeMap": _map_named("Name", "Value"),
        "MessageBodySystemAttributeMap": _map_named("Name", "Value"),
        "TagMap": _map_named("Key", "Value"),
        "MessageAttributeValue": _VALUE_LISTS,
        "MessageSystemAttributeValue": _VALUE_LISTS,
        "AddPermissionRequest": _named(AWSAccountIds="AWSAccountId", Actions="ActionName"),
        "ChangeMessageVisibilityBatchRequest": _named(
            Entries="ChangeMessageVisibilityBatchRequestEntry"
        ),
        "ChangeMessageVisibilityBatchResult": _named(
            Successful="ChangeMessageVisibilityBatchResultEntry", **_BATCH_FAILED
        ),
        "CreateQueueRequest": _named(Attributes="Attribute", tags="Tag"),
        "DeleteMessageBatchRequest": _named(Entries="DeleteMessageBatchRequestEntry"),
        "DeleteMessageBatchResult": _named(
            Successful="DeleteMessageBatchResultEntry", **_BATCH_FAILED
        ),
        "GetQueueAttributesRequest": _named(AttributeNames="AttributeName"),
        "GetQueueAttributesResult": _named(Attributes="Attribute"),
        "ListDeadLetterSourceQueuesResult": _named(queueUrls="QueueUrl"),
        "ListMessageMoveTasksResult": _named(Results="ListMessageMoveTasksResultEntry"),
        "ListQueuesResult": _named(QueueUrls="QueueUrl"),
        "ListQueueTagsResult": _named(Tags="Tag"),
        "Message": _named(Attributes="Attribute", **_ATTRIBUTES),
        "ReceiveMessageRequest": _named(
            AttributeNames="AttributeName",
            MessageSystemAttributeNames="MessageSystemAttributeName",
            MessageAttributeNames="MessageAttributeName",
        ),
        "ReceiveMessageResult": _named(Messages="Message"),
        "SendMessageBatchRequest": _named(Entries="SendMessageBatchRequestEntry"),
        "SendMessageBatchRequestEntry": _named(**_ATTRIBUTES, **_SYSTEM_ATTRIBUTES),
        "SendMessageBatchResult": _named(Successful="SendMessageBatchResultEntry", **_BATCH_FAILED),
        "SendMessageRequest": _named(**_ATTRIBUTES, **_SYSTEM_ATTRIBUTES),
        "SetQueueAttributesRequest": _named(Attributes="Attribute"),
        "TagQueueRequest": _named(Tags="Tag"),
        "UntagQueueRequest": _named(TagKeys="TagKey"),
        "BatchEntryIdsNotDistinct": _error(_SQS_CODE + "BatchEntryIdsNotDistinct"),
        "BatchRequestTooLong": _error(_SQS_CODE + "BatchRequestTooLong"),
        "EmptyBatchRequest": _error(_SQS_CODE + "EmptyBatchRequest"),
        "InvalidAddress": _error("InvalidAddress", 404),
        "InvalidBatchEntryId": _error(_SQS_CODE + "InvalidBatchEntryId"),
        "InvalidSecurity": _error("InvalidSecurity", 403),
        "KmsAccessDenied": _error("KMS.AccessDeniedException"),
        "KmsDisabled": _error("KMS.DisabledException"),
        "KmsInvalidKeyUsage": _error("KMS.InvalidKeyUsageException"),
        "KmsInvalidState": _error("KMS.InvalidStateException"),
        "KmsNotFound": _error("KMS.NotFoundException"),
        "KmsOptInRequired": _error("KMS.OptInRequired", 403),
        "KmsThrottled": _error("KMS.ThrottlingException"),
        "MessageNotInflight": _error(_SQS_CODE + "MessageNotInflight"),
        "OverLimit": _error("OverLimit", 403),
        "PurgeQueueInProgress": _error(_SQS_CODE + "PurgeQueueInProgress", 403),
        "QueueDeletedRecently": _error(_SQS_CODE + "QueueDeletedRecently"),
        "QueueDoesNotExist": _error(_SQS_CODE + "NonExistentQueue"),
        "QueueNameExists": _error("QueueAlreadyExists"),
        "RequestThrottled": _error("RequestThrottled", 403),
        "ResourceNotFoundException": _error("ResourceNotFoundException", 404),
        "TooManyEntriesInBatchRequest": _error(_SQS_CODE + "TooManyEntriesInBatchRequest"),
        "UnsupportedOperation": _error(_SQS_CODE + "UnsupportedOperation"),
    },
}

_ANY_STATUS = {"members": {"StatusCode": {"shape": "StatusCode", "location": "statusCode"}}}


def _in_header(shape: str, header: str) -> dict[str, str]:
    return {"shape": shape, "location": "header", "locationName": header}


# S3 API Reference, POST Object: the forms that browsers post have no operation in the model.
_POST_OBJECT: dict[str, Any] = {
    "name": "PostObject",
    "http": {"method": "POST", "requestUri": "/{Bucket}", "responseCode": 204},
    "input": {"shape": "PostObjectRequest"},
    "output": {"shape": "PostObjectOutput"},
    "authtype": "none",
}
_POST_OBJECT_SHAPES: dict[str, Any] = {
    "PostObjectRequest": {
        "type": "structure",
        "required": ["Bucket"],
        "members": {
            "Bucket": {"shape": "BucketName", "location": "uri", "locationName": "Bucket"},
            "ContentType": _in_header("ContentType", "Content-Type"),
            "Body": {"shape": "Body", "streaming": True},
        },
        "payload": "Body",
    },
    "PostObjectOutput": {
        "type": "structure",
        "members": {
            **_ANY_STATUS["members"],
            "ContentType": _in_header("ContentType", "Content-Type"),
            "Location": _in_header("Location", "Location"),
            "ETag": _in_header("ETag", "ETag"),
            "VersionId": _in_header("ObjectVersionId", "x-amz-version-id"),
            "ServerSideEncryption": _in_header(
                "ServerSideEncryption", "x-amz-server-side-encryption"
            ),
            "SSEKMSKeyId": _in_header("SSEKMSKeyId", "x-amz-server-side-encryption-aws-kms-key-id"),
            "Body": {"shape": "Body"},
        },
        "payload": "Body",
    },
}

# Merged over botocore's model when it is loaded, in the form of botocore's own sdk-extras.
MODEL_CHANGES: dict[str, dict[str, Any]] = {
    "sqs": SQS,
    # Recorded: Lambda itself refuses an unknown runtime ("Value PYTHON3.9 at 'runtime' failed to
    # satisfy constraint: ... or be a valid ARN"), with a code of its own.
    # The type of an invocation's body stands in no model, but UnsupportedMediaTypeException does.
    "lambda": {
        "shapes": {
            "Runtime": {"enum": []},
            # Recorded: errors name the values in another order than the model's.
            "RecursiveLoop": {"enum": ["Terminate", "Allow"]},
            "InvokeMode": {"enum": ["RESPONSE_STREAM", "BUFFERED"]},
            "EventSourcePosition": {"enum": ["LATEST", "AT_TIMESTAMP", "TRIM_HORIZON"]},
            "InvocationRequest": _CONTENT_TYPE,
            "InvokeAsyncRequest": _CONTENT_TYPE,
            "InvokeWithResponseStreamRequest": _CONTENT_TYPE,
        }
    },
    # Java's SDK speaks to Kinesis in CBOR 1.1 unless told otherwise (the setting CBOR_ENABLED).
    "kinesis": {"metadata": {"protocols": ["json", "cbor-1.1"]}},
    # The REST-XML models name the namespace for requests only; answers have the same.
    "cloudfront": {"metadata": {"xmlNamespace": "http://cloudfront.amazonaws.com/doc/2020-05-31/"}},
    "route53": {"metadata": {"xmlNamespace": "https://route53.amazonaws.com/doc/2013-04-01/"}},
    "s3": {
        "metadata": {"xmlNamespace": "http://s3.amazonaws.com/doc/2006-03-01/"},
        # A part of an object is answered with 206 (S3 API Reference, GetObject).
        "shapes": {
            "StatusCode": {"type": "integer"},
            "GetObjectOutput": _ANY_STATUS,
            "HeadObjectOutput": _ANY_STATUS,
            # 202 where a copy has to be made (RestoreObject).
            "RestoreObjectOutput": _ANY_STATUS,
            **_POST_OBJECT_SHAPES,
        },
        "operations": {"PostObject": _POST_OBJECT},
    },
    "s3control": {
        "metadata": {"xmlNamespace": "http://awss3control.amazonaws.com/doc/2018-08-20/"}
    },
}

# What stands before the name of an error in `__type`, where clients have been seen to depend on
# it: both services' API references print it in their examples of error answers.
ERROR_NAMESPACES = {
    "sqs": "com.amazonaws.sqs#",
    "dynamodb": "com.amazonaws.dynamodb.v20120810#",
    "dynamodbstreams": "com.amazonaws.dynamodb.v20120810#",
}

# Errors that AWS's service framework gives before a service sees the request.
FRAMEWORK_ERRORS = {
    "SerializationException": "com.amazon.coral.service#",
    "UnknownOperationException": "com.amazon.coral.service#",
    "ValidationException": "com.amazon.coral.validate#",
}

# The root elements of S3's answers, as its API reference prints them: the model has lost them.
S3_ROOTS = {
    "CompleteMultipartUpload": "CompleteMultipartUploadResult",
    "CreateMultipartUpload": "InitiateMultipartUploadResult",
    "CreateSession": "CreateSessionResult",
    "DeleteObjects": "DeleteResult",
    "GetBucketAccelerateConfiguration": "AccelerateConfiguration",
    "GetBucketAcl": "AccessControlPolicy",
    "GetBucketCors": "CORSConfiguration",
    "GetBucketLifecycle": "LifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "LifecycleConfiguration",
    "GetBucketLocation": "LocationConstraint",
    "GetBucketLogging": "BucketLoggingStatus",
    "GetBucketNotification": "NotificationConfiguration",
    "GetBucketNotificationConfiguration": "NotificationConfiguration",
    "GetBucketRequestPayment": "RequestPaymentConfiguration",
    "GetBucketTagging": "Tagging",
    "GetBucketVersioning": "VersioningConfiguration",
    "GetBucketWebsite": "WebsiteConfiguration",
    "GetObjectAcl": "AccessControlPolicy",
    "GetObjectAttributes": "GetObjectAttributesResponse",
    "GetObjectTagging": "Tagging",
    "ListBucketAnalyticsConfigurations": "ListBucketAnalyticsConfigurationResult",
    "ListBucketIntelligentTieringConfigurations": (
        "ListBucketIntelligentTieringConfigurationsOutput"
    ),
    "ListBucketInventoryConfigurations": "ListInventoryConfigurationsResult",
    "ListBucketMetricsConfigurations": "ListMetricsConfigurationsResult",
    "ListBuckets": "ListAllMyBucketsResult",
    "ListDirectoryBuckets": "ListAllMyDirectoryBucketsResult",
    "ListMultipartUploads": "ListMultipartUploadsResult",
    "ListObjects": "ListBucketResult",
    "ListObjectsV2": "ListBucketResult",
    "ListObjectVersions": "ListVersionsResult",
    "ListParts": "ListPartsResult",
}

# Answers whose root element holds the text of their only member (S3 API Reference).
UNWRAPPED_ANSWERS = {("s3", "GetBucketLocation")}

# What the bytes of an answer are, where AWS says more than "bytes".
PAYLOAD_TYPES = {
    ("lambda", "Invoke"): "application/json",
    ("s3", "GetBucketPolicy"): "application/json",
}


def root_element(service: str, operation: str, shape: Shape) -> str:
    """The root of a REST-XML answer that has no payload member."""
    if service == "s3" and operation in S3_ROOTS:
        return S3_ROOTS[operation]
    # S3 Control's reference ends its roots in Result, CloudFront's and Route 53's in Response.
    suffix = "Result" if service == "s3control" else "Response"
    return shape.traits.location_name or f"{operation}{suffix}"


# SQS Developer Guide, "Making Query API requests": there the request's own URL is the queue's, and
# SDKs from before SQS spoke JSON send no QueueUrl besides (Java's version 1, boto2).
QUERY_URL_MEMBERS = {"sqs": "QueueUrl"}

# DynamoDB Developer Guide, "DynamoDB low-level API": each answer tells the CRC32 of its body, and
# the SDKs for Java, Go and .NET check it. Go's warns of every answer without it.
SERVICES_WITH_CRC32 = frozenset({"dynamodb"})


# The model wants a checksum here, and SDKs send one; S3 does not. Clients that work with AWS send
# none (s3cmd with bodies, Java's SDK 1 and boto 2 with ACLs in headers), and S3's API reference
# called Content-MD5 required for CORS, lifecycle, tagging, replication and deletions only.
S3_WITHOUT_CHECKSUM = frozenset(
    {
        "PutBucketAcl", "PutBucketLogging", "PutBucketNotification", "PutBucketPolicy",
        "PutBucketRequestPayment", "PutBucketVersioning", "PutBucketWebsite", "PutObjectAcl",
    }
)  # fmt: skip


# Which services do not validate by their model before anything else.
# - "parameters": a missing parameter is named, all other rules are the service's own. Recorded
#   from SQS ("The request must contain the parameter MessageBody.") and EC2.
# - "none": S3 answers with errors of its own for each rule.
_VALIDATION_STYLES = {"sqs": "parameters", "ec2": "parameters", "s3": "none", "s3control": "none"}

# Services that answer violations with an error of their own where the operation declares it:
# recorded from CloudWatch Logs and Lambda's sibling Cognito ("InvalidParameterException: 1
# validation error detected: Value ... at 'userPoolId' failed to satisfy constraint ..."), and from
# ECR ("InvalidParameterException: Invalid parameter at 'repositoryName' failed to satisfy ...").
VALIDATION_CODES = {
    "ecr": "InvalidParameterException",
    "logs": "InvalidParameterException",
    "cognito-idp": "InvalidParameterException",
    "cognito-identity": "InvalidParameterException",
}

# API Gateway puts members of the body below the name of the request: recorded
# "createRestApiInput.endpointConfiguration.types", but "responseType" for a part of the path.
BODY_PREFIX_SERVICES = ("apigateway",)


def validation_style(service: str) -> str:
    return _VALIDATION_STYLES.get(service, "model")
