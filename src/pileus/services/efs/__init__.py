"""Amazon Elastic File System: records of file systems, access points and mount targets."""
