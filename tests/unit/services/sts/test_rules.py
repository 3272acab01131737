"""How long sessions may last."""

from __future__ import annotations

import pytest

from pileus.kernel.errors import AwsError
from pileus.services.sts import rules


def test_an_hour_is_the_default_whatever_the_roles_maximum() -> None:
    assert 3_600 == rules.role_seconds(None, 43_200, is_chained=False, is_service=False)


def test_a_service_is_not_held_to_the_roles_maximum() -> None:
    assert 43_200 == rules.role_seconds(50_000, 3_600, is_chained=True, is_service=True)


@pytest.mark.parametrize(("is_chained", "wanted"), [(True, 3_601), (False, 7_201)])
def test_others_are(is_chained: bool, wanted: int) -> None:
    with pytest.raises(AwsError):
        rules.role_seconds(wanted, 7_200, is_chained=is_chained, is_service=False)


def test_a_roles_arn_gives_account_and_name() -> None:
    arn = "arn:aws:iam::111122223333:role/a/b/worker"
    assert rules.RoleName("111122223333", "worker") == rules.role_of(arn)


def test_the_root_users_token_is_cut_to_an_hour() -> None:
    assert [3_600, 900, 43_200, 129_600] == [
        rules.token_seconds(129_600, is_root=True),
        rules.token_seconds(900, is_root=True),
        rules.token_seconds(None, is_root=False),
        rules.token_seconds(129_600, is_root=False),
    ]
