"""The OCI distribution registry: what docker, podman, skopeo and crane speak."""
