"""Which images a lifecycle policy lets expire."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pileus.services.ecr.lifecycle import Candidate, InvalidPolicy, expired, read

DAY = 24 * 3_600_000
NOW = 100 * DAY


def rule(priority: int = 1, **selection: Any) -> dict[str, Any]:
    return {"rulePriority": priority, "selection": selection, "action": {"type": "expire"}}


def policy(*rules: dict[str, Any]) -> str:
    return json.dumps({"rules": rules})


def image(name: str, days: float, *tags: str) -> Candidate:
    return Candidate(name, NOW - int(days * DAY), tags)


ANY = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 2}
OLD = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days",
       "countNumber": 7}  # fmt: skip


def test_the_oldest_beyond_a_count_go() -> None:
    images = [image("a", 3), image("b", 1), image("c", 2), image("d", 4)]
    assert ["a", "d"] == expired(read(policy(rule(**ANY))), images, NOW)


def test_images_go_when_they_are_older_than_the_days() -> None:
    images = [image("young", 6), image("edge", 7), image("old", 7.1), image("tagged", 9, "v1")]
    assert ["old"] == expired(read(policy(rule(**OLD))), images, NOW)


def test_prefixes_and_patterns_must_all_be_matched() -> None:
    prefixes = {**ANY, "tagStatus": "tagged", "tagPrefixList": ["a", "b"], "countNumber": 1}
    images = [image("both", 2, "a1", "b1"), image("one", 3, "a2"), image("new", 1, "b2", "a3")]
    assert ["both"] == expired(read(policy(rule(**prefixes))), images, NOW)
    patterns = {**ANY, "tagStatus": "tagged", "tagPatternList": ["*-dev"], "countNumber": 1}
    images = [image("x", 2, "1-dev"), image("y", 1, "2-dev"), image("z", 3, "dev")]
    assert ["x"] == expired(read(policy(rule(**patterns))), images, NOW)


def test_an_image_that_a_rule_has_matched_is_no_other_rules() -> None:
    keep = {"tagStatus": "tagged", "tagPrefixList": ["prod"], "countType": "imageCountMoreThan",
            "countNumber": 5}  # fmt: skip
    rules = read(policy(rule(2, **{**ANY, "countNumber": 1}), rule(1, **keep)))
    images = [image("prod", 9, "prod-1"), image("new", 1), image("old", 2)]
    assert ["old"] == expired(rules, images, NOW)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        policy(),
        policy(rule(**{**ANY, "tagStatus": "tagged"})),
        policy(rule(**ANY, tagPrefixList=["a"])),
        policy(rule(**{**ANY, "countNumber": 0})),
        policy(rule(**ANY, countUnit="days")),
        policy(rule(**{**OLD, "countUnit": "weeks"})),
        policy(rule(1, **ANY), rule(1, **OLD)),
        policy(rule(1, **ANY), rule(2, **OLD)),
        policy(*[rule(n, **OLD) for n in range(1, 53)]),
        json.dumps({"rules": [{**rule(**ANY), "action": {"type": "keep"}}]}),
        '{"rules":' + "[" * 5000,
    ],
)
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(InvalidPolicy):
        read(text)
