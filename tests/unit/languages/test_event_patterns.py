"""Event patterns decide as AWS's documentation says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.languages import event_patterns
from pileus.languages.event_patterns import InvalidPattern

EVENT: dict[str, Any] = {
    "version": "0",
    "detail-type": "EC2 Instance State-change Notification",
    "source": "aws.ec2",
    "account": "012345679012",
    "time": "2017-10-02T16:24:49Z",
    "resources": ["arn:aws:ec2:us-east-1:123456789012:instance/i-000000aaaaaa00000", "second"],
    "detail": {
        "c-count": 5,
        "x-limit": 301.8,
        "source-ip": "10.0.0.33",
        "v6": "2001:db8:1234:1a00::1",
        "state": "running",
        "empty": "",
        "nothing": None,
        "flag": True,
        "zero": 0,
        "text-number": "5",
        "path": "dir/lib/file*.png",
        "none": [],
        "object": {"inner": 1},
        "huge": 123456789012,
        "many": [1, [2, "deep"], {"name": "Anna", "last": "Smith"}, {"name": "Bob", "age": 5}],
    },
}


def matches(pattern: Any, event: dict[str, Any] = EVENT) -> bool:
    return event_patterns.compile(json.dumps(pattern)).matches(event)


def holds(name: str, *values: Any) -> bool:
    return matches({"detail": {name: list(values)}})


def reason_of(text: str) -> str:
    with pytest.raises(InvalidPattern) as caught:
        event_patterns.compile(text)
    return caught.value.reason


@pytest.mark.parametrize(
    ("expected", "pattern"),
    [
        (True, {"source": ["aws.ec2"]}),
        (True, {"source": ["aws.s3", "aws.ec2"]}),
        (False, {"source": ["AWS.EC2"]}),
        (True, {"source": ["aws.ec2"], "detail": {"state": ["running"]}}),
        (False, {"source": ["aws.ec2"], "detail": {"state": ["stopped"]}}),
        (False, {"source": ["aws.ec2"], "missing": ["x"]}),
        (True, {"resources": ["other", "second"]}),
        (False, {"resources": ["other"]}),
        (True, {"detail": {"empty": [""]}}),
        (False, {"detail": {"nothing": [""]}}),
        (True, {"detail": {"nothing": [None]}}),
        (False, {"detail": {"empty": [None]}}),
        (False, {"detail": {"missing": [None]}}),
        (True, {"detail": {"flag": [True]}}),
        (False, {"detail": {"flag": [1]}}),
        (False, {"detail": {"flag": ["true"]}}),
        (False, {"detail": {"zero": [False]}}),
        (True, {"detail.state": ["running"]}),
        (True, {"detail.object.inner": [1]}),
        (False, {"detail": {"object": [1]}}),
        (True, {"detail": {"huge": [123456789012]}}),
    ],
)
def test_exact_values_and_nested_fields(expected: bool, pattern: Any) -> None:
    assert expected == matches(pattern)


@pytest.mark.parametrize(
    ("expected", "name", "value"),
    [
        (True, "c-count", 5),
        (False, "c-count", "5"),
        (False, "text-number", 5),
        (True, "x-limit", 301.8),
    ],
)
def test_numbers_are_no_strings(expected: bool, name: str, value: Any) -> None:
    assert expected == holds(name, value)


def test_a_number_equals_its_other_spellings() -> None:
    pattern = event_patterns.compile('{"a": [3.018e2]}')
    assert pattern.matches({"a": 301.8})
    assert event_patterns.compile('{"a": [1.0]}').matches({"a": 1})
    assert event_patterns.compile('{"a": [1]}').matches({"a": 1.0})


@pytest.mark.parametrize(
    ("expected", "name", "condition"),
    [
        (True, "state", {"prefix": "run"}),
        (False, "state", {"prefix": "RUN"}),
        (True, "state", {"prefix": ""}),
        (False, "c-count", {"prefix": "5"}),
        (True, "state", {"prefix": {"equals-ignore-case": "RUN"}}),
        (True, "path", {"suffix": ".png"}),
        (False, "path", {"suffix": ".PNG"}),
        (True, "path", {"suffix": {"equals-ignore-case": ".PNG"}}),
        (False, "state", {"suffix": {"equals-ignore-case": ".PNG"}}),
        (True, "state", {"equals-ignore-case": "RUNNING"}),
        (False, "state", {"equals-ignore-case": "RUN"}),
        (True, "state", {"exactly": "running"}),
        (True, "path", {"wildcard": "dir/*.png"}),
        (True, "path", {"wildcard": "*/lib/*"}),
        (True, "path", {"wildcard": "*"}),
        (False, "path", {"wildcard": "dir/*/lib/*"}),
        (True, "path", {"wildcard": "*file\\*.png"}),
        (False, "state", {"wildcard": "run\\*"}),
        (True, "state", {"wildcard": "running"}),
        (False, "state", {"wildcard": "run"}),
        (False, "c-count", {"wildcard": "*"}),
        (True, "empty", {"wildcard": "*"}),
        (True, "source-ip", {"cidr": "10.0.0.0/24"}),
        (False, "source-ip", {"cidr": "10.0.1.0/24"}),
        (True, "source-ip", {"cidr": "0.0.0.0/0"}),
        (False, "source-ip", {"cidr": "::/0"}),
        (True, "v6", {"cidr": "2001:db8:1234:1a00::/64"}),
        (False, "v6", {"cidr": "2001:db8:1234:1b00::/64"}),
        (False, "state", {"cidr": "0.0.0.0/0"}),
    ],
)
def test_operators_on_strings(expected: bool, name: str, condition: Any) -> None:
    assert expected == holds(name, condition)


def test_the_same_address_spelled_otherwise_is_equal() -> None:
    assert matches({"a": ["2001:DB8::1"]}, {"a": "2001:db8:0:0:0:0:0:1"})
    assert not matches({"a": ["2001:DB8::1"]}, {"a": "2001:db8::2"})


@pytest.mark.parametrize(
    ("expected", "name", "chain"),
    [
        (True, "c-count", ["=", 5]),
        (True, "c-count", ["=", 5.0]),
        (False, "text-number", ["=", 5]),
        (True, "c-count", [">", 0, "<=", 5]),
        (False, "c-count", [">", 0, "<", 5]),
        (False, "c-count", [">", 5]),
        (True, "c-count", [">=", 5]),
        (True, "c-count", [">=", 5, "<", 6]),
        (True, "c-count", ["<", 10]),
        (False, "c-count", ["<=", 4.9]),
        (True, "x-limit", ["=", 3.018e2]),
        (False, "flag", [">=", 0]),
        (False, "nothing", [">=", -1]),
        (False, "huge", [">", 0]),
    ],
)
def test_numeric_ranges(expected: bool, name: str, chain: Any) -> None:
    assert expected == holds(name, {"numeric": chain})


@pytest.mark.parametrize(
    ("expected", "name", "but"),
    [
        (False, "state", "running"),
        (True, "state", "stopped"),
        (False, "missing", "stopped"),
        (False, "object", "stopped"),
        (True, "state", ["stopped", "overloaded"]),
        (False, "state", ["stopped", "running"]),
        (True, "c-count", "5"),
        (False, "c-count", 5),
        (False, "c-count", [4, 5.0]),
        (True, "c-count", [4, 6]),
        (True, "nothing", "x"),
        (True, "flag", 1),
        (True, "state", {"prefix": "stop"}),
        (False, "state", {"prefix": "run"}),
        (False, "state", {"prefix": ["stop", "run"]}),
        (False, "state", {"suffix": "ing"}),
        (True, "state", {"suffix": ["x", "y"]}),
        (False, "state", {"equals-ignore-case": "RUNNING"}),
        (False, "state", {"equals-ignore-case": ["a", "Running"]}),
        (True, "state", {"equals-ignore-case": ["a", "b"]}),
        (False, "path", {"wildcard": "*/lib/*"}),
        (True, "path", {"wildcard": "*/bin/*"}),
        (False, "path", {"wildcard": ["*/bin/*", "*.png"]}),
        (True, "c-count", {"prefix": "5"}),
    ],
)
def test_anything_but(expected: bool, name: str, but: Any) -> None:
    assert expected == holds(name, {"anything-but": but})


def test_anything_but_holds_for_any_other_element() -> None:
    assert matches({"a": [{"anything-but": [1, 5]}]}, {"a": [1, 2]})
    assert not matches({"a": [{"anything-but": [1, 5]}]}, {"a": [1, 5]})


@pytest.mark.parametrize(
    ("expected", "name", "is_there"),
    [
        (True, "state", True),
        (True, "nothing", True),
        (False, "missing", True),
        (False, "object", True),
        (False, "none", True),
        (False, "state", False),
        (True, "missing", False),
        (True, "object", False),
        (True, "none", False),
    ],
)
def test_exists_looks_at_leaves(expected: bool, name: str, is_there: bool) -> None:
    assert expected == holds(name, {"exists": is_there})


def test_absence_holds_where_parents_are_missing_too() -> None:
    assert matches({"no": {"such": {"field": [{"exists": False}]}}})
    assert holds("missing", "x", {"exists": False})
    assert holds("state", "running", {"exists": False})
    assert not holds("state", "x", {"exists": False})


def test_absence_is_asked_of_all_elements() -> None:
    pattern = {"detail": {"many": {"name": ["Anna"], "age": [{"exists": False}]}}}
    assert not matches(pattern)
    pattern = {"detail": {"many": {"name": ["Anna"], "shoe": [{"exists": False}]}}}
    assert matches(pattern)


@pytest.mark.parametrize(
    ("expected", "many"),
    [
        (True, {"name": ["Anna"], "last": ["Smith"]}),
        (False, {"name": ["Bob"], "last": ["Smith"]}),
        (True, {"name": ["Bob"], "age": [5]}),
        (True, [1]),
        (True, ["deep"]),
        (False, [3]),
    ],
)
def test_fields_match_within_one_element_of_an_array(expected: bool, many: Any) -> None:
    assert expected == matches({"detail": {"many": many}})


def test_one_element_must_satisfy_all_branches_of_a_field() -> None:
    pattern = {"$or": [{"a.x": [1]}, {"a.x": [9]}], "a": {"y": [2]}}
    assert matches(pattern, {"a": [{"x": 1, "y": 2}]})
    assert not matches(pattern, {"a": [{"x": 1, "y": 1}, {"x": 2, "y": 2}]})


@pytest.mark.parametrize(
    ("expected", "event"),
    [
        (True, {"a": {"b.c": 1}}),
        (True, {"a.b": {"c": 1}}),
        (True, {"a.b.c": 1}),
        (True, {"a.b.c": 2, "a": {"b": {"c": 1}}}),
        (True, {"a.b": [{"c": 5}, {"c": [1]}]}),
        (False, {"a.b": {"d": 1}}),
    ],
)
def test_dotted_names_are_nested_names(expected: bool, event: Any) -> None:
    assert expected == matches({"a": {"b": {"c": [1]}}}, event)


def test_dotted_and_nested_names_of_one_object_hold_together() -> None:
    assert matches({"a": {"b": [1], "c": [2]}}, {"a.b": 1, "a": {"c": 2}})
    assert matches({"a": {"b": [1], "c": [2]}}, {"a": {"c": 2}, "a.b": 1})


@pytest.mark.parametrize(
    ("expected", "event"),
    [
        (True, {"s": 1, "m": 1}),
        (True, {"s": 1, "t": 1, "n": 1}),
        (False, {"s": 1, "t": 1}),
        (False, {"m": 1}),
        (True, {"s": 1, "t": 1, "d": {"x": 2}}),
    ],
)
def test_or_holds_where_one_branch_does(expected: bool, event: Any) -> None:
    inner = {"$or": [{"n": [1]}, {"d": {"x": [2]}}]}
    assert expected == matches({"s": [1], "$or": [{"m": [1]}, {"t": [1], **inner}]}, event)


def test_parallel_ors_all_hold() -> None:
    pattern = {"$or": [{"a": [1]}, {"b": [1]}], "d": {"$or": [{"a": [1]}, {"b": [1]}]}}
    assert matches(pattern, {"b": 1, "d": {"a": 1}})
    assert not matches(pattern, {"b": 1, "d": {"c": 1}})


@pytest.mark.parametrize(
    ("expected", "pattern", "event"),
    [
        (True, {"$or": {"a": [1]}}, {"$or": {"a": 1}}),
        (False, {"$or": {"a": [1]}}, {"a": 1}),
        (True, {"$or": ["x", "y"]}, {"$or": "y"}),
        (True, {"$or": [{"numeric": ["=", 1]}, {"prefix": "a"}]}, {"$or": "abc"}),
    ],
)
def test_what_is_no_relationship_is_a_field(expected: bool, pattern: Any, event: Any) -> None:
    assert expected == matches(pattern, event)


def test_a_later_field_of_the_same_name_counts() -> None:
    assert event_patterns.compile('{"a": [1], "a": [2]}').matches({"a": 2})
    assert not event_patterns.compile('{"a": [1], "a": [2]}').matches({"a": 1})


def test_the_message_is_that_of_eventbridge() -> None:
    with pytest.raises(InvalidPattern) as caught:
        event_patterns.compile('["not", "a", "dict", "but valid json"]')
    assert caught.value.message == (
        "Event pattern is not valid. Reason: Filter is not an object\n"
        ' at [Source: (String)"["not", "a", "dict", "but valid json"]"; line: 1, column: 2]'
    )


SENTENCES = [
    ("{'bad': 'quotation'}", "Unexpected character (''' (code 39)): was expecting double-quote to "
     "start field name", 2),
    ('{"not": closed mark"', "Unrecognized token 'closed': was expecting (JSON String, Number, "
     "Array, Object or token 'null', 'true' or 'false')", 15),
    ("this is valid json but not a dict", "Unrecognized token 'this': was expecting (JSON String, "
     "Number, Array, Object or token 'null', 'true' or 'false')", 5),
    ('{"key":{"not-an-operator":"value"}}', '"not-an-operator" must be an object or an array', 28),
    ('{"key":{"suffix":"value"}}', '"suffix" must be an object or an array', 19),
    ('{"key":[{"numeric":[">=",1,">",2]}]}', "Bad numeric range operator: >", 31),
    ('{"key":[{"numeric":[">",20,"test"]}]}', "Bad numeric range operator: test", 34),
    ('{"key":[{"numeric":[">",20,30]}]}', "Bad value in numeric range: 30", 30),
    ('{"key":[{"numeric":[">",3,"<",1]}]}', "Bottom must be less than top", 33),
    ('{"key":[]}', "Empty arrays are not allowed", 10),
    ('{"key":{}}', "Empty objects are not allowed", 10),
    ('{"key":[{"numeric":[1,"<="]}]}', "Invalid member in numeric match: 1", 22),
    ('{"key":[{"numeric":[]}]}', "Invalid member in numeric match: ]", 22),
    ('{"key":[["value"]]}', "Match value must be String, number, true, false, or null", 10),
    ('{"key":[{"suffix":"value","prefix":"value2"}]}',
     "Only one key allowed in match expression", 37),
    ('{"key":[{"numeric":["<",100,">",10]}]}', "Too many elements in numeric expression", 30),
    ('{"key":[{"numeric":[">",20,"<",30,"<",50]}]}',
     "Too many terms in numeric range expression", 36),
    ('{"key":[{"wrong-operator":true}]}', "Unrecognized match type wrong-operator", 31),
    ('{"key":[{"numeric":["operator"]}]}', "Unrecognized numeric range operator: operator", 32),
    ('{"key":[{"anything-but":{"exists":false}}]}', "Unsupported anything-but pattern: exists", 40),
    ('{"key":[{"anything-but":{"wrong-operator":null}}]}',
     "Unsupported anything-but pattern: wrong-operator", 47),
    ('{"key":[{"numeric":[">",20,"<","30"]}]}', "Value of < must be numeric", 33),
    ('{"key":[{"numeric":[">",20,"<="]}]}', "Value of <= must be numeric", 33),
    ('{"key":[{"numeric":[">","20","<","30"]}]}', "Value of > must be numeric", 26),
    ('{"key":[{"numeric":[">="]}]}', "Value of >= must be numeric", 26),
    ('{"key":[{"numeric":["=","000"]}]}', "Value of equals must be numeric", 26),
    ('{"key":[{"exists":"no"}]}', "exists match pattern must be either true or false.", 20),
    ('{"key":[{"exists":null}]}', "exists match pattern must be either true or false.", 23),
    ('{"key":[{"cidr":["bad-filter"]}]}', "prefix match pattern must be a string", 18),
    ('{"key":[{"suffix":100}]}', "suffix match pattern must be a string", 22),
    ('{"key":[{"suffix":["test","test2"]}]}', "suffix match pattern must be a string", 20),
    ('{"key":[{"suffix":null}]}', "suffix match pattern must be a string", 23),
    ('{"key_a":"value_one"}', '"key_a" must be an object or an array', 11),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problem", "column"), SENTENCES)
def test_recorded_sentences_and_positions(text: str, problem: str, column: int) -> None:
    expected = f'{problem}\n at [Source: (String)"{text}"; line: 1, column: {column}]'
    assert expected == reason_of(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": [{"cidr": "bad"}]}', "Malformed CIDR, one '/' required"),
        ('{"a": [{"cidr": "1.1.1.1/x"}]}', "Malformed CIDR, mask bits must be an integer"),
        ('{"a": [{"cidr": "1.1.1.1/-1"}]}', "Malformed CIDR, mask bits must not be negative"),
        ('{"a": [{"cidr": "xx.11.xx/8"}]}', "Nonstandard IP address: xx.11.xx"),
        ('{"a": [{"cidr": "1.1.1.256/8"}]}', "Invalid IP address: 1.1.1.256"),
        ('{"a": [{"cidr": "1.1.1.1/32"}]}', "IPv4 mask bits must be < 32"),
        ('{"a": [{"cidr": "::1/128"}]}', "IPv6 mask bits must be < 128"),
    ],
)
def test_sentences_without_a_position(text: str, expected: str) -> None:
    assert expected == reason_of(text)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"wildcard": "a**b"}, "Consecutive wildcard characters at pos 2"),
        ({"wildcard": "é**"}, "Consecutive wildcard characters at pos 3"),
        ({"wildcard": "a\\b"}, "Invalid escape character at pos 2"),
        ({"wildcard": 5}, "wildcard match pattern must be a string"),
        ({"anything-but": {"wildcard": ["a", "**"]}}, "Consecutive wildcard characters at pos 1"),
        ({"anything-but": {"wildcard": 5}}, "wildcard match pattern must be a string"),
        ({"anything-but": {"prefix": ""}}, "Null prefix/suffix not allowed"),
        ({"anything-but": {"suffix": ["a", 1]}}, "prefix/suffix match pattern must be a string"),
        ({"anything-but": True}, "Value of anything-but must be an array or single string/number "
         "value."),
        ({"anything-but": [None]}, "Inside anything but list, start|null|boolean is not "
         "supported."),
        ({"anything-but": ["a", 1]}, "Inside anything but list, either all values are number or "
         "string, mixed type is not supported"),
        ({"anything-but": []}, "Inside anything but list, either all values are number or "
         "string, mixed type is not supported"),
        ({"anything-but": {"equals-ignore-case": [1]}}, "Inside anything-but/equals-ignore-case "
         "list, number|start|null|boolean is not supported."),
        ({"anything-but": {"prefix": "a", "suffix": "b"}},
         "Too many elements in numeric expression"),
        ({"anything-but": "a", "prefix": "b"}, "Too many elements in numeric expression"),
        ({"anything-but": {}}, "Anything-But expression name not found"),
        ({"prefix": {"wildcard": "a"}}, "Unsupported prefix pattern: wildcard"),
        ({"suffix": {}}, "Suffix expression name not found"),
        ({"prefix": {"equals-ignore-case": 1}},
         "equals-ignore-case match pattern must be a string"),
        ({"equals-ignore-case": ["a"]}, "equals-ignore-case match pattern must be a string"),
        ({"exactly": 1}, "exact match pattern must be a string"),
        ({"numeric": 5}, "Value of numeric must be an array."),
        ({"numeric": ["=", 6e9]}, "Value must be between -5.0E9 and 5.0E9, inclusive"),
        ({"EXISTS": True}, "Unrecognized match type EXISTS"),
        ({}, "Match expression name not found"),
    ],
)  # fmt: skip
def test_sentences_about_match_expressions(condition: Any, expected: str) -> None:
    assert expected == reason_of(json.dumps({"a": [condition]})).partition("\n")[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"$or": 5}', "It must be an Array followed with $or."),
        ('{"$or": [{"a": [1]}]}', "There must have at least 2 Objects in $or relationship."),
        ('{"$or": [{"a": [1]}, 5]}', "Only JSON object is allowed in array of $or relationship."),
        ('{"$or": [{"a": [1]}, {"prefix": [1]}]}',
         "prefix is Ruler reserved fieldName which cannot be used inside $or."),
        ("", "Filter is not an object"),
        ("{", 'Unexpected end-of-input: expected close marker for Object (start marker at [Source: '
         '(String)"{"; line: 1, column: 1])'),
        ('{"a"', "Unexpected end-of-input within/between Object entries"),
        ('{"a', "Unexpected end-of-input in field name"),
        ('{"a": ["b', "Unexpected end-of-input: was expecting closing quote for a string value"),
        ('{"a" 5', "Unexpected character ('5' (code 53)): was expecting a colon to separate field "
         "name and value"),
        ('{"a": [1 2]}', "Unexpected character ('2' (code 50)): was expecting comma to separate "
         "Array entries"),
        ('{"a": [1],}', "Unexpected character ('}' (code 125)): was expecting double-quote to "
         "start field name"),
        ('{"a": [1}', "Unexpected close marker '}': expected ']' (for Array starting at [Source: "
         '(String)"{"a": [1}"; line: 1, column: 7])'),
        ('{"a": [01]}', "Invalid numeric value: Leading zeroes not allowed"),
        ('{"a": [-]}', "Unexpected character (']' (code 93)) in numeric value: expected digit "
         "(0-9) to follow minus sign, for valid numeric value"),
        ('{"a": [1.]}', "Unexpected character (']' (code 93)) in numeric value: Decimal point not "
         "followed by a digit"),
        ('{"a": ["\\x"]}', "Unrecognized character escape 'x' (code 120)"),
        ('{"a": ["\n"]}', "Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped "
         "using backslash to be included in string value"),
    ],
)  # fmt: skip
def test_sentences_about_structure(text: str, expected: str) -> None:
    assert expected == reason_of(text).partition("\n at ")[0]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"wildcard": "a*"}, "Unrecognized match type wildcard"),
        ({"anything-but": {"prefix": "a"}}, "Unsupported anything-but pattern: prefix"),
        ({"anything-but": {"wildcard": "a"}}, "Unsupported anything-but pattern: wildcard"),
    ],
)
def test_pipes_take_less(condition: Any, expected: str) -> None:
    with pytest.raises(InvalidPattern) as caught:
        event_patterns.compile(json.dumps({"a": [condition]}), event_patterns.PIPES)
    assert expected == caught.value.problem


def test_pipes_ignore_case_too() -> None:
    text = '{"a": [{"prefix": {"equals-ignore-case": "AB"}}, {"anything-but": ["x"]}]}'
    assert event_patterns.compile(text, event_patterns.PIPES).matches({"a": "abc"})


def test_lines_are_counted() -> None:
    assert "line: 3, column: 9]" in reason_of('{\n  "a": [1],\n  "b": 5\n}')


def test_a_long_pattern_is_quoted_in_part() -> None:
    text = '{"a": "' + "x" * 600 + '"}'
    assert "[truncated 109 chars]; line: 1, column: 8]" in reason_of(text)


def test_nesting_is_bounded() -> None:
    def nested(depth: int) -> str:
        return '{"a":' * depth + "[1]" + "}" * depth

    event: Any = 1
    for _ in range(99):
        event = {"a": event}
    assert event_patterns.compile(nested(99)).matches(event)
    assert "exceeds the maximum allowed" in reason_of(nested(500))
    assert "deeper than" in reason_of(json.dumps({".".join("a" * 200): [1]}))


def test_combinations_of_or_are_bounded() -> None:
    def pattern(branches: int) -> Any:
        return {
            f"f{number}": {"$or": [{f"b{branch}": [1]} for branch in range(branches)]}
            for number in range(3)
        }

    assert matches(pattern(10), {f"f{number}": {"b9": 1} for number in range(3)})
    assert "too complex" in reason_of(json.dumps(pattern(11)))


def test_hostile_wildcards_take_no_time() -> None:
    pattern = {"a": [{"wildcard": "*a" * 2000 + "*b"}]}
    assert not matches(pattern, {"a": "a" * 200_000})


def test_absence_within_many_elements_takes_no_time() -> None:
    pattern = {"a": {"x": [{"exists": False}, "v"], "y": ["no"]}}
    assert not matches(pattern, {"a": [{"y": "yes"}] * 100_000})


LETTERS = st.text(alphabet="ab*\\", max_size=8)


@given(st.lists(st.text(alphabet="ab", max_size=3), min_size=1, max_size=5), LETTERS)
def test_wildcards_agree_with_trying_all_ways(pieces: list[str], text: str) -> None:
    def tried(rest: list[str], at: int) -> bool:
        head, *tail = rest
        if not text.startswith(head, at):
            return False
        at += len(head)
        if not tail:
            return at == len(text)
        return any(tried(tail, start) for start in range(at, len(text) + 1))

    parts = [pieces[0], *(piece or "a" for piece in pieces[1:])]
    assert tried(parts, 0) == matches({"a": [{"wildcard": "*".join(parts)}]}, {"a": text})


@given(st.text(max_size=40))
def test_any_text_is_taken_or_refused(text: str) -> None:
    try:
        event_patterns.compile(text)
    except InvalidPattern as problem:
        assert problem.message.startswith("Event pattern is not valid. Reason: ")


@given(st.integers(0, 120), st.text(alphabet='{}[]":,\\ \n01.e-tnull$or', max_size=2))
def test_any_damage_is_taken_or_refused(at: int, damage: str) -> None:
    text = '{"a": [1.5e3, "x\\n", true], "$or": [{"b": [{"prefix": "c"}]}, {"d": [null]}]}'
    try:
        event_patterns.compile(text[:at] + damage + text[at + 1 :])
    except InvalidPattern as problem:
        assert problem.problem


AFFIXES = st.text(alphabet="abAB", max_size=3)


@given(
    st.lists(st.tuples(st.sampled_from(["prefix", "suffix", "equals-ignore-case"]), AFFIXES)),
    st.lists(st.tuples(st.sampled_from(["prefix", "suffix"]), AFFIXES)),
    st.text(alphabet="abAB", max_size=4),
)
def test_many_conditions_hold_where_one_of_them_does(
    plain: list[tuple[str, str]], folded: list[tuple[str, str]], text: str
) -> None:
    conditions: list[Any] = [{name: value} for name, value in plain]
    conditions += [{name: {"equals-ignore-case": value}} for name, value in folded]
    alone = [matches({"a": [each]}, {"a": text}) for each in conditions]
    assert any(alone) == matches({"a": [*conditions, 0]}, {"a": text})
