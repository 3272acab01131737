"""PartiQL's statements by boto3: alone, in batches and in transactions."""

from __future__ import annotations

from typing import Any

import pytest

from e2e.dynamodb.tables import create, get, index, invalid, plain, put, wire
from support.refusals import refusal

MALFORMED = "Statement wasn't well formed, can't be processed: "
NO_KEY = "Where clause does not contain a mandatory equality on all key attributes"


@pytest.fixture
def music(dynamodb: Any) -> Any:
    """A client, and a table `music` of pk and sk with an index by colour."""
    create(
        dynamodb, "music", "pk:S sk:N", "colour:S year:N",
        GlobalSecondaryIndexes=[index("by-colour", "colour", "sk", "INCLUDE", "title")],
        LocalSecondaryIndexes=[index("by-year", "pk", "year", "KEYS_ONLY")],
    )  # fmt: skip
    for pk in "abc":
        for sk in range(5):
            put(
                dynamodb, "music", pk=pk, sk=sk, colour=f"c{sk % 2}", title=f"{pk}{sk}",
                year=2000 - sk, box={"in": [1, {"x": sk}]},
            )  # fmt: skip
    return dynamodb


def run(dynamodb: Any, text: str, *parameters: Any, **members: Any) -> list[dict[str, Any] | None]:
    if parameters:
        members["Parameters"] = list(wire(**{str(n): p for n, p in enumerate(parameters)}).values())
    answer = dynamodb.execute_statement(Statement=text, **members)
    return [plain(item) for item in answer["Items"]]


def titles(dynamodb: Any, where: str, *parameters: Any, **members: Any) -> list[str]:
    items = run(dynamodb, f"SELECT title FROM music WHERE {where}", *parameters, **members)
    return [item["title"] for item in items if item is not None]


def test_a_select_of_keys_is_a_query(music: Any) -> None:
    assert ["a3"] == titles(music, "pk = 'a' AND sk = 3")
    assert ["a1", "a2"] == titles(music, "pk = ? AND sk BETWEEN ? AND ?", "a", 1, 2)
    assert ["a4", "a3"] == titles(music, "pk = 'a' AND sk > 2 ORDER BY sk DESC")
    assert ["a2"] == titles(music, "pk = 'a' AND sk > 1 AND 3 > sk AND contains(title, 'a')")
    answer = music.execute_statement(
        Statement="SELECT * FROM music WHERE pk = 'a' AND title = 'a1'",
        ReturnConsumedCapacity="TOTAL",
        ConsistentRead=True,
    )
    assert (1, 1.0) == (len(answer["Items"]), answer["ConsumedCapacity"]["CapacityUnits"])


def test_a_select_without_a_key_is_a_scan(music: Any) -> None:
    assert 15 == len(run(music, "SELECT * FROM music"))
    assert {"a1", "b1", "c1"} == set(titles(music, "sk = 1 AND pk > '0'"))
    found = run(music, "SELECT title, box.\"in\"[1].x, box['in'][0], gone FROM music WHERE sk = 4")
    assert {"title": "a4", "x": 4, "in[0]": 1} in found


def test_a_select_of_several_partitions_reads_ten_items_at_a_time(music: Any) -> None:
    text = "SELECT title FROM music WHERE pk IN ['c', 'a', 'none', 'b'] ORDER BY pk DESC, sk DESC"
    first = music.execute_statement(Statement=text)
    assert ["c4", "c3", "c2", "c1", "c0", "b4", "b3", "b2", "b1", "b0"] == [
        item["title"]["S"] for item in first["Items"]
    ]
    assert wire(pk="b", sk=0) == first["LastEvaluatedKey"]
    second = music.execute_statement(Statement=text, NextToken=first["NextToken"])
    assert ["a4", "a3", "a2", "a1", "a0"] == [item["title"]["S"] for item in second["Items"]]
    assert "NextToken" not in second
    assert ["a0", "b0"] == titles(music, "(pk = 'a' OR pk = 'b') AND sk = 0")


def test_a_limit_counts_what_is_looked_at_and_the_token_goes_on(music: Any) -> None:
    found: list[str] = []
    members: dict[str, Any] = {"Limit": 2}
    text = "SELECT * FROM music WHERE sk > 2"
    pages = 0
    while True:
        answer = music.execute_statement(Statement=text, **members)
        found += [item["title"]["S"] for item in answer["Items"]]
        pages += 1
        if "NextToken" not in answer:
            break
        members["NextToken"] = answer["NextToken"]
    assert (["a3", "a4", "b3", "b4", "c3", "c4"], 8) == (sorted(found), pages)
    assert "NextToken does not match request" == invalid(
        music.execute_statement, Statement=text + " AND sk < 9", NextToken=members["NextToken"]
    )
    assert "NextToken does not match request" == invalid(
        music.execute_statement, Statement=text, NextToken="of another"
    )


def test_an_index_is_read_by_its_name(music: Any) -> None:
    text = 'SELECT * FROM "music"."by-colour" WHERE colour = \'c1\' AND sk = 3'
    assert [{"colour", "pk", "sk", "title"}] * 3 == [set(item or ()) for item in run(music, text)]
    text = "SELECT sk, title FROM music.\"by-year\" WHERE pk = 'b' ORDER BY year"
    assert ["b4", "b3", "b2", "b1", "b0"] == [(item or {})["title"] for item in run(music, text)]
    assert "The table does not have the specified index: none" == invalid(
        music.execute_statement, Statement="SELECT * FROM music.none"
    )
    assert "Consistent reads are not supported on global secondary indexes" == invalid(
        music.execute_statement, Statement='SELECT * FROM music."by-colour"', ConsistentRead=True
    )


_REFUSED = [
    ("SELECT * FROM music ORDER BY sk", "Must have WHERE clause in the statement when using "
     "ORDER BY clause."),
    ("SELECT * FROM music WHERE sk = 1 ORDER BY sk", "Must have at least one non-optional "
     "hash key condition in WHERE clause when using ORDER BY clause."),
    ("SELECT * FROM music WHERE pk = 'a' ORDER BY title", "Attribute title in ORDER BY clause "
     "must be part of the primary key"),
    ("SELECT * FROM music WHERE pk IN ['a', 'b'] ORDER BY sk", "Must have hash key in ORDER "
     "BY clause when more than one hash key condition specified in WHERE clause."),
    ("SELECT * FROM music WHERE pk = 1", "One or more parameter values were invalid: "
     "Condition parameter type does not match schema type"),
    ("SELECT * FROM music WHERE pk = ?", "Number of parameters in request and statement don't "
     "match."),
    ("SELECT * FROM music WHERE user = 1", MALFORMED + "Unexpected keyword"),
    ("DELETE FROM music WHERE pk = 'a'", NO_KEY),
    ("DELETE FROM music", NO_KEY),
    ("UPDATE music SET x = 1 WHERE pk = 'a' OR sk = 1", NO_KEY),
    ("UPDATE music SET sk = 1 WHERE pk = 'a' AND sk = 1", "One or more parameter values were "
     "invalid: Cannot update attribute sk. This attribute is part of the key"),
    ("UPDATE music.\"by-year\" SET x = 1 WHERE pk = 'a' AND sk = 1", "This operation is not "
     "supported on an index"),
    ("UPDATE music SET x = y WHERE pk = 'a' AND sk = 1", "The provided expression refers to an "
     "attribute that does not exist in the item"),
    ("INSERT INTO music VALUE {'pk': 'a'}", "One or more parameter values were invalid: "
     "Missing the key sk in the item"),
    ("INSERT INTO music VALUE 'a'", "The value of an INSERT statement must be a map"),
    ("EXISTS(SELECT * FROM music WHERE pk = 'a' AND sk = 1)", "EXISTS() is supported in "
     "ExecuteTransaction only."),
]  # fmt: skip


def test_what_aws_refuses_is_refused(music: Any) -> None:
    for text, expected in _REFUSED:
        assert (text, expected) == (text, invalid(music.execute_statement, Statement=text))


def test_an_item_is_inserted_once(music: Any) -> None:
    text = "INSERT INTO music VALUE {'pk': 'new', 'sk': ?, 'of': <<'x'>>, 'in': [1, {'a': NULL}]}"
    assert [] == run(music, text, 1)
    assert {"pk": "new", "sk": 1, "of": {"x"}, "in": [1, {"a": None}]} == get(
        music, "music", pk="new", sk=1
    )
    expected = ("DuplicateItemException", "Duplicate primary key exists in table", 400)
    text = text.replace("?", "1")
    assert expected == refusal(music.execute_statement, Statement=text)
    expected = ("ResourceNotFoundException", "Requested resource not found", 400)
    text = text.replace("music", "nowhere")
    assert expected == refusal(music.execute_statement, Statement=text)


def test_an_update_changes_an_item_that_is_there(music: Any) -> None:
    key = "WHERE pk = 'a' AND sk = 1"
    text = f"UPDATE music SET n = 1, title = 'new' REMOVE box {key} RETURNING MODIFIED OLD *"
    assert [{"title": "a1", "box": {"in": [1, {"x": 1}]}}] == run(music, text)
    assert [{"n": 6}] == run(music, f"UPDATE music SET n = n + ? {key} RETURNING MODIFIED NEW *", 5)
    text = f"UPDATE music SET tags = set_add(tags, <<'a', 'b'>>) {key} AND n > 5"
    assert [] == run(music, text)
    found = run(
        music, f"UPDATE music SET tags = set_delete(tags, <<'a'>>) {key} RETURNING ALL NEW *"
    )
    assert {"b"} == (found[0] or {})["tags"]
    failed = ("ConditionalCheckFailedException", "The conditional request failed", 400)
    assert failed == refusal(
        music.execute_statement, Statement=f"UPDATE music SET n = 1 {key} AND n > 9"
    )
    assert failed == refusal(
        music.execute_statement, Statement="UPDATE music SET n = 1 WHERE pk = 'z' AND sk = 1"
    )


def test_a_failed_condition_gives_the_item_where_it_is_asked_for(music: Any) -> None:
    with pytest.raises(music.exceptions.ConditionalCheckFailedException) as caught:
        music.execute_statement(
            Statement="DELETE FROM music WHERE pk = 'a' AND sk = 1 AND title = 'x'",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert {"S": "a1"} == caught.value.response["Item"]["title"]


def test_a_delete_of_nothing_is_done(music: Any) -> None:
    text = "DELETE FROM music WHERE sk = 1 AND pk = 'a' AND title = 'a1' RETURNING ALL OLD *"
    found = run(music, text)
    assert ["a1"] == [item["title"] for item in found if item is not None]
    assert [] == run(music, text)
    assert get(music, "music", pk="a", sk=1) is None


def test_a_batch_answers_for_each_statement(music: Any) -> None:
    answer = music.batch_execute_statement(
        Statements=[
            {"Statement": "UPDATE music SET n = 1 WHERE pk = 'a' AND sk = 0 RETURNING ALL OLD *"},
            {
                "Statement": "DELETE FROM music WHERE pk = ? AND sk = 1 AND title = 'x'",
                "Parameters": [{"S": "a"}],
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            },
            {"Statement": "INSERT INTO music VALUE {'pk': 'a', 'sk': 2}"},
            {"Statement": "DELETE FROM nowhere WHERE pk = 'a'"},
            {"Statement": "DELETE FROM music WHERE pk = 'a'"},
            {"Statement": "what"},
        ],
        ReturnConsumedCapacity="TOTAL",
    )
    first, *others = answer["Responses"]
    assert ("music", "a0") == (first["TableName"], first["Item"]["title"]["S"])
    errors = [each["Error"] for each in others]
    assert {"S": "a1"} == errors[0].pop("Item")["title"]
    assert [
        {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"},
        {"Code": "DuplicateItem", "Message": "Duplicate primary key exists in table"},
        {"Code": "ResourceNotFound", "Message": "Requested resource not found"},
        {"Code": "ValidationError", "Message": NO_KEY},
        {"Code": "ValidationError", "Message": MALFORMED + "Expected data manipulation"},
    ] == errors
    assert [1.0] == [each["CapacityUnits"] for each in answer["ConsumedCapacity"]]


def test_a_batch_reads_items_by_their_keys(music: Any) -> None:
    texts = [
        "SELECT title FROM music WHERE pk = 'a' AND sk = 1",
        "SELECT * FROM music WHERE pk = 'z' AND sk = 1",
        "SELECT * FROM music WHERE pk = 'a'",
    ]
    answer = music.batch_execute_statement(Statements=[{"Statement": text} for text in texts])
    expected = [
        {"TableName": "music", "Item": {"title": {"S": "a1"}}},
        {"TableName": "music"},
        {
            "Error": {
                "Code": "ValidationError",
                "Message": "Select statements within BatchExecuteStatement must specify the "
                "primary key in the where clause.",
            }
        },
    ]
    assert expected == answer["Responses"]
    texts.append("DELETE FROM music WHERE pk = 'a' AND sk = 1")
    assert "does not support both read and write operations" in invalid(
        music.batch_execute_statement, Statements=[{"Statement": text} for text in texts]
    )


def transact(music: Any, *texts: str, **members: Any) -> Any:
    return music.execute_transaction(
        TransactStatements=[{"Statement": text} for text in texts], **members
    )


def test_a_transaction_is_carried_out_as_a_whole(music: Any) -> None:
    create(music, "others")
    texts = [
        "INSERT INTO others VALUE {'pk': 'x'}",
        "UPDATE music SET n = 1 WHERE pk = 'a' AND sk = 0",
        "DELETE FROM music WHERE pk = 'a' AND sk = 1",
        "EXISTS(SELECT * FROM music WHERE pk = 'b' AND sk = 1 AND title = 'b1')",
    ]
    answer = transact(music, *texts, ReturnConsumedCapacity="TOTAL", ClientRequestToken="t")
    assert [2.0, 10.0] == [each["CapacityUnits"] for each in answer["ConsumedCapacity"]]
    assert ({"pk": "x"}, None) == (
        get(music, "others", pk="x"), get(music, "music", pk="a", sk=1),
    )  # fmt: skip
    transact(music, *texts, ClientRequestToken="t")
    with pytest.raises(music.exceptions.TransactionCanceledException) as caught:
        transact(music, *texts[:2], texts[3].replace("b1", "c1"))
    reasons = caught.value.response["CancellationReasons"]
    assert ["DuplicateItem", "None", "ConditionalCheckFailed"] == [each["Code"] for each in reasons]
    code = refusal(
        music.execute_transaction, TransactStatements=[{"Statement": texts[0]}],
        ClientRequestToken="t",
    ).code  # fmt: skip
    assert "IdempotentParameterMismatchException" == code


def test_a_transaction_reads_items_at_one_instant(music: Any) -> None:
    texts = [f"SELECT title FROM music WHERE pk = '{pk}' AND sk = 1" for pk in "az"]
    answer = transact(music, *texts, ReturnConsumedCapacity="TOTAL")
    assert [{"Item": {"title": {"S": "a1"}}}, {}] == answer["Responses"]
    assert 4.0 == answer["ConsumedCapacity"][0]["CapacityUnits"]


_TRANSACTIONS_REFUSED = [
    (["SELECT * FROM music WHERE pk = 'a'"], "Validation failed in TransactStatements[0]: "
     "Select statements within ExecuteTransaction must specify the primary key in the where "
     "clause."),
    (["SELECT * FROM music.\"by-year\" WHERE pk = 'a' AND sk = 1"], "Validation failed in "
     "TransactStatements[0]: Reads on indices are not supported within transactions."),
    (["DELETE FROM music WHERE pk = 'a' AND sk = 1", "what"], "Validation failed in "
     "TransactStatements[1]: " + MALFORMED + "Expected data manipulation"),
    (["DELETE FROM music WHERE pk = 'a' AND sk = 1 RETURNING ALL OLD *"], "Validation failed "
     "in TransactStatements[0]: RETURNING clause is not supported in ExecuteTransaction."),
    (["EXISTS(SELECT * FROM music WHERE pk = 'a' AND sk = 1)"], "Validation failed in "
     "TransactStatements[0]: EXISTS() must contain a single item read with additional "
     "condition"),
    (["DELETE FROM music WHERE pk = 'a' AND sk = 1", "SELECT * FROM music WHERE pk = 'a' AND "
      "sk = 2"], "ExecuteTransaction API does not support both read and write operations in "
     "the same request."),
    (["DELETE FROM music WHERE pk = 'a' AND sk = 1"] * 2, "Transaction request cannot include "
     "multiple operations on one item"),
]  # fmt: skip


def test_a_transaction_that_aws_refuses_is_refused(music: Any) -> None:
    for texts, expected in _TRANSACTIONS_REFUSED:
        asked = [{"Statement": text} for text in texts]
        assert expected == invalid(music.execute_transaction, TransactStatements=asked)
