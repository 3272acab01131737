"""SNS's filter policies decide as AWS's documentation says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.languages import filter_policies
from pileus.languages.filter_policies import InvalidFilterPolicy, Message

ATTRIBUTES = {
    "store": {"DataType": "String", "StringValue": "example_corp"},
    "interests": {
        "DataType": "String.Array",
        "StringValue": '["rugby", "baseball", 5, null, true]',
    },
    "price": {"DataType": "Number", "StringValue": "3.015e2"},
    "ip": {"DataType": "String", "StringValue": "10.0.0.255"},
    "with.dot": {"DataType": "String", "StringValue": "x"},
    "bytes": {"DataType": "Binary", "BinaryValue": b"x"},
    "other": {"DataType": "String.custom", "StringValue": "x"},
}
BODY = json.dumps(
    {
        "store": "example_corp",
        "nothing": None,
        "order": {"items": [{"name": "ball", "count": 1}, {"name": "bat", "count": 2}]},
        "price": 301.5,
    }
)


def accepts(policy: Any, scope: str = "MessageAttributes", **members: Any) -> bool:
    message = Message(members.get("body", BODY), members.get("attributes", ATTRIBUTES))
    return filter_policies.compile(json.dumps(policy), scope).accepts(message)


def reason_of(policy: Any, scope: str = "MessageAttributes") -> str:
    text = policy if isinstance(policy, str) else json.dumps(policy)
    with pytest.raises(InvalidFilterPolicy) as caught:
        filter_policies.compile(text, scope)
    return caught.value.reason


@pytest.mark.parametrize(
    ("expected", "policy"),
    [
        (True, {"store": ["example_corp"]}),
        (True, {"store": ["a", {"prefix": "example"}]}),
        (False, {"store": ["Example_corp"]}),
        (True, {"store": [{"suffix": "corp"}]}),
        (True, {"store": [{"equals-ignore-case": "EXAMPLE_CORP"}]}),
        (True, {"store": [{"anything-but": {"prefix": "no"}}]}),
        (False, {"store": [{"anything-but": ["example_corp"]}]}),
        (True, {"interests": ["rugby"]}),
        (True, {"interests": [5]}),
        (True, {"interests": [None]}),
        (True, {"interests": [True]}),
        (False, {"interests": ["tennis"]}),
        (True, {"interests": [{"anything-but": ["rugby", "tennis"]}]}),
        (True, {"price": [{"numeric": ["=", 301.5]}]}),
        (True, {"price": [301.5]}),
        (True, {"price": [{"numeric": [">", 0, "<=", 350]}]}),
        (False, {"price": ["3.015e2"]}),
        (True, {"ip": [{"cidr": "10.0.0.0/24"}]}),
        (False, {"ip": [{"cidr": "10.0.1.0/24"}]}),
        (True, {"with.dot": ["x"]}),
        (False, {"bytes": [{"exists": True}]}),
        (False, {"other": [{"exists": True}]}),
        (True, {"missing": [{"exists": False}]}),
        (False, {"missing": [{"anything-but": "x"}]}),
        (True, {"missing": ["x", {"exists": False}]}),
        (True, {"store": ["example_corp"], "$or": [{"price": [1]}, {"ip": [{"prefix": "10"}]}]}),
        (False, {"store": ["example_corp"], "$or": [{"price": [1]}, {"ip": [{"prefix": "11"}]}]}),
        (False, {"store": ["example_corp"], "price": [1]}),
        (True, {}),
    ],
)
def test_attributes(expected: bool, policy: Any) -> None:
    assert expected == accepts(policy)


@pytest.mark.parametrize(
    ("expected", "policy"),
    [
        (True, {"store": ["example_corp"]}),
        (True, {"nothing": [None]}),
        (True, {"order": {"items": {"name": ["bat"], "count": [2]}}}),
        (False, {"order": {"items": {"name": ["ball"], "count": [2]}}}),
        (True, {"order": {"$or": [{"items": {"count": [7]}}, {"items": {"name": ["bat"]}}]}}),
        (True, {"price": [{"numeric": [">", 300]}], "order": {"gone": [{"exists": False}]}}),
        (False, {"interests": ["rugby"]}),
        (True, {}),
    ],
)
def test_bodies(expected: bool, policy: Any) -> None:
    assert expected == accepts(policy, "MessageBody")


@pytest.mark.parametrize("body", ["", "text", "[]", "5", '{"a":', "[" * 100_000])
def test_a_body_that_is_no_object_is_refused_by_all_but_the_empty_policy(body: str) -> None:
    assert not accepts({"a": [{"exists": False}]}, "MessageBody", body=body)
    assert accepts({}, "MessageBody", body=body)


@pytest.mark.parametrize(
    "attribute",
    [
        {"DataType": "String.Array", "StringValue": "no list"},
        {"DataType": "String.Array", "StringValue": '{"a": 1}'},
        {"DataType": "String.Array", "StringValue": '[["a"]]'},
        {"DataType": "Number", "StringValue": "many"},
    ],
)
def test_a_message_whose_attributes_are_not_of_their_types_is_refused(attribute: Any) -> None:
    attributes = {**ATTRIBUTES, "broken": attribute}
    assert not accepts({"store": ["example_corp"]}, attributes=attributes)
    assert accepts({"store": ["example_corp"]}, "MessageBody", attributes=attributes)


def test_the_empty_policy_is_told_apart() -> None:
    assert filter_policies.compile(" { } ").is_empty
    assert not filter_policies.compile('{"a": ["b"]}').is_empty


SENTENCES = [
    ('{"key":{"not-an-operator":"value"}}', '"not-an-operator" must be an object or an array', 28),
    ('{"key":{"suffix":"value","prefix":"value"}}', '"suffix" must be an object or an array', 19),
    ('{"key":[]}', "Empty arrays are not allowed", 10),
    ('{"key":[["value"]]}', "Match value must be String, number, true, false, or null", 10),
    ('{"key":[{"suffix":"value","prefix":"value2"}]}',
     "Only one key allowed in match expression", 37),
    ('{"key":[{"wrong-operator":true}]}', "Unrecognized match type wrong-operator", 31),
    ('{"key":[{"wildcard":"a*"}]}', "Unrecognized match type wildcard", 22),
    ('{"key":[{"anything-but":{"exists":false}}]}', "Unsupported anything-but pattern: exists", 40),
    ('{"key":[{"anything-but":{"suffix":"test"}}]}',
     "Unsupported anything-but pattern: suffix", 36),
    ('{"key":[{"anything-but":{"wrong-operator":null}}]}',
     "Unsupported anything-but pattern: wrong-operator", 47),
    ('{"key":[{"anything-but":{"prefix":false}}]}', "prefix match pattern must be a string", 40),
    ('{"key":[{"cidr":["bad-filter"]}]}', "prefix match pattern must be a string", 18),
    ('{"key":[{"suffix":["test","test2"]}]}', "suffix match pattern must be a string", 20),
    ('{"key":[{"suffix":[]}]}', "suffix match pattern must be a string", 20),
    ('{"key":[{"exists":null}]}', "exists match pattern must be either true or false.", 23),
    ('{"key_a":"value_one"}', '"key_a" must be an object or an array', 11),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problem", "column"), SENTENCES)
def test_recorded_sentences_and_positions(text: str, problem: str, column: int) -> None:
    source = f'[Source: (String)"{text}"; line: 1, column: {column}]'
    assert f"FilterPolicy: {problem}\n at {source}" == reason_of(text)


@pytest.mark.parametrize(
    ("text", "problem", "column"),
    [
        ("invalid", "Unrecognized token 'invalid': was expecting (JSON String, Number, Array, "
         "Object or token 'null', 'true' or 'false')", 8),
        ("{invalid}", "Unexpected character ('i' (code 105)): was expecting double-quote to start "
         "field name", 2),
        ('{"a": [{"prefix": 5}], "b"}', "Unexpected character ('}' (code 125)): was expecting a "
         "colon to separate field name and value", 27),
        ('{"a"; line: 1, column: 5]"', "Unexpected character (';' (code 59)): was expecting a "
         "colon to separate field name and value", 5),
        ('{"a', "Unexpected end-of-input in field name", 4),
    ],
)  # fmt: skip
def test_what_is_no_json_is_not_quoted(text: str, problem: str, column: int) -> None:
    source = "REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)"
    expected = (
        f"FilterPolicy: failed to parse JSON. {problem}\n"
        f" at [Source: {source}; line: 1, column: {column}]"
    )
    assert expected == reason_of(text)


def test_sentences_about_addresses_have_no_position() -> None:
    expected = "FilterPolicy: Malformed CIDR, one '/' required"
    assert expected == reason_of({"key": [{"cidr": "bad"}]})


def test_five_keys_are_most() -> None:
    assert accepts({f"k{number}": [{"exists": False}] for number in range(5)})
    policy = {f"k{number}": ["v"] for number in range(6)}
    assert "FilterPolicy: Filter policy can not have more than 5 keys" == reason_of(policy)
    policy = {"a": ["v"], "$or": [{f"k{number}": ["v"] for number in range(5)}, {"a": ["w"]}]}
    assert "FilterPolicy: Filter policy can not have more than 5 keys" == reason_of(policy)


def test_only_keys_of_the_first_level_count_in_bodies() -> None:
    filter_policies.compile(
        json.dumps({"a": {f"k{number}": ["v"] for number in range(6)}}), "MessageBody"
    )


@pytest.mark.parametrize(
    ("is_taken", "policy"),
    [
        (True, {"a": list(range(150))}),
        (False, {"a": list(range(151))}),
        (True, {"a": list(range(10)), "b": list(range(15))}),
        (False, {"a": list(range(10)), "b": list(range(16))}),
        # docs: sns/latest/dg/subscription-filter-policy-constraints: 4 x 3 x 3 x 2 x 3 x 1 = 216
        (False, {"a": {"b": {"c": [1, 2, 3, 4]}}, "d": {"e": [1, 2, 3]}, "f": [1, 2, 3]}),
        (True, {"a": {"b": {"c": [1, 2, 3, 4]}}, "d": {"e": [1, 2]}, "f": [1, 2, 3]}),
        (True, {"a": [1, 2], "$or": [{"b": list(range(40))}, {"c": list(range(35))}]}),
        (False, {"a": [1, 2], "$or": [{"b": list(range(40))}, {"c": list(range(36))}]}),
    ],
)
def test_combinations_are_bounded(is_taken: bool, policy: Any) -> None:
    if is_taken:
        filter_policies.compile(json.dumps(policy), "MessageBody")
    else:
        expected = "FilterPolicy: Filter policy is too complex"
        assert expected == reason_of(policy, "MessageBody")


def test_policies_over_attributes_are_flat() -> None:
    expected = "Filter policy scope MessageAttributes does not support nested filter policy"
    assert expected == reason_of({"a": {"b": ["c"]}})
    assert expected == reason_of({"$or": [{"a": ["b"]}, {"c": {"d": ["e"]}}]})


def test_scopes_are_two() -> None:
    expected = (
        "FilterPolicyScope: Invalid value [RandomValue]. Please use either MessageBody or "
        "MessageAttributes"
    )
    assert expected == reason_of({"a": ["b"]}, "RandomValue")


def test_a_policy_has_a_size() -> None:
    assert "FilterPolicy: Filter policy is too complex" == reason_of({"a": ["x" * 262_144]})


@given(st.integers(0, 120), st.text(alphabet='{}[]":,\\ \n01.e-tnull$or', max_size=2))
def test_any_damage_is_taken_or_refused(at: int, damage: str) -> None:
    text = '{"a": [1.5e3, "x\\n", true], "$or": [{"b": [{"prefix": "c"}]}, {"d": [null]}]}'
    try:
        policy = filter_policies.compile(text[:at] + damage + text[at + 1 :], "MessageBody")
        policy.accepts(Message(BODY, ATTRIBUTES))
    except InvalidFilterPolicy as problem:
        assert problem.reason
