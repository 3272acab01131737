"""A serverless cloud that speaks the AWS API and runs on one's own machine."""

__version__ = "0.1.0"
