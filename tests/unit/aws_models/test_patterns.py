"""Java's patterns mean the same here, and no text keeps them busy for long."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.aws_models import load
from pileus.aws_models.linear_match import Unsupported, compile_linear, parsed
from pileus.aws_models.patterns import matcher
from support.model_examples import SERVICES

# Long enough for a pattern that shares them out in too many ways to never end.
HOSTILE = [
    " " * 200 + "\x00",
    "a-" * 100 + "!",
    "/a" * 100 + "//",
    "$" + ".a[1]" * 40 + "!",
    "https://" + "a/." * 60 + "\x00",
]


def all_patterns() -> list[str]:
    found = set()
    for name in SERVICES:
        service = load.load(name)
        for operation_name in service.operation_names:
            operation = service.operation(operation_name)
            assert operation is not None
            for shape in (operation.input, operation.output):
                for member in shape.members.values() if shape is not None else ():
                    if member.shape.traits.pattern:
                        found.add(member.shape.traits.pattern)
    return sorted(found)


def test_whole_strings_are_matched() -> None:
    assert matcher("[a-z]+")("abc")
    assert not matcher("[a-z]+")("abc1")
    assert not matcher("^[a-z]+$")("abc\ndef")


@pytest.mark.parametrize(
    ("pattern", "text", "is_matched"),
    [
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", "Zürich 東京 ٣", True),
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", "no!", False),
        (r"[^\p{C}]*", "a\x07", False),
        (r"\p{XDigit}{8}-\p{Alnum}+", "0123abCD-x9", True),
        (r"\p{ASCII}*", "é", False),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", "a😀\t", True),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", "a\n", False),
        (r"[\w-_]*", "a-_b", True),
        (r"[a-z\d-_/]+", "q-1_/", True),
        (r"\d+", "٣", False),
    ],
)
def test_javas_forms_are_translated(pattern: str, text: str, is_matched: bool) -> None:
    assert is_matched == matcher(pattern)(text)


def test_what_cannot_be_translated_matches_everything() -> None:
    assert matcher("([a-z]*)${1,128}")("anything")
    assert matcher(r"\p{Unknown}")("anything")


@pytest.mark.parametrize(
    "pattern",
    [
        r"[ \t]*[\x20-\x7E]+([ \t]+[\x20-\x7E]+)*[ \t]*",
        r"(a|aa)+",
        r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
        r"((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9]\.)+[a-z](?<!x)",
        r"(?=.{1,20}$)[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*",
        r"\$(\.[\w/_-]+(\[(\d+|\*)\])*)*",
        r"a{2,4}?b?\b.",
    ],
)
@given(st.text(alphabet="aAx1-_.: \t$[]*z\n", max_size=24))
def test_the_linear_matcher_agrees_with_re(pattern: str, text: str) -> None:
    linear = compile_linear(parsed(pattern))
    assert (re.fullmatch(pattern, text, re.ASCII) is not None) == linear(text)


@pytest.mark.parametrize("pattern", [r"(a)\1", "(?i)a", "(?i:a)"])
def test_what_the_linear_matcher_lacks_is_said(pattern: str) -> None:
    with pytest.raises(Unsupported):
        compile_linear(parsed(pattern))


@pytest.mark.timeout(60)
def test_hostile_texts_end_for_every_pattern() -> None:
    for pattern in all_patterns():
        matches = matcher(pattern)
        for text in HOSTILE:
            assert matches(text) in (True, False)
