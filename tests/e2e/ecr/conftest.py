"""Fixtures of ECR's end-to-end tests: a repository, and a client of its registry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.oci_images import RegistryClient
from support.running import Running


@pytest.fixture
def ecr(aws: Any) -> Any:
    return aws("ecr")


@pytest.fixture
def repository(ecr: Any) -> str:
    ecr.create_repository(repositoryName="team/app")
    return "team/app"


@pytest.fixture
def registry(pileus: Running, ecr: Any, account: str) -> Iterator[RegistryClient]:
    """Logged in to the account's registry by its password, at the plain address."""
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    client = RegistryClient(pileus.url, authorization=token)
    yield client
    client.close()
