"""CloudWatch's metrics by boto3: put, list, statistics; retention and roll-up by the clock."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.request import Request, urlopen

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from support.running import Running

HOUR = 3600
DAY = 24 * HOUR
COLOUR = [{"Name": "Colour", "Value": "red"}]


@pytest.fixture
def cloudwatch(aws: Any) -> Any:
    return aws("cloudwatch")


def refusal(function: Any, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        function(**params)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def moment(pileus: Running, seconds: float = 0) -> datetime:
    return datetime.fromtimestamp(pileus.now / 1000, UTC) + timedelta(seconds=seconds)


def minute(pileus: Running, minutes: int = 0) -> datetime:
    return moment(pileus).replace(second=0, microsecond=0) + timedelta(minutes=minutes)


def put(cloudwatch: Any, *values: float, name: str = "size", **members: Any) -> None:
    cloudwatch.put_metric_data(
        Namespace="Shop",
        MetricData=[{"MetricName": name, "Value": value, **members} for value in values],
    )


def read(cloudwatch: Any, pileus: Running, *statistics: str, **members: Any) -> list[Any]:
    asked = {
        "Namespace": "Shop",
        "MetricName": "size",
        "StartTime": minute(pileus, -10),
        "EndTime": minute(pileus, 1),
        "Period": 60,
        "Statistics": list(statistics or ("Sum",)),
        **members,
    }
    found: list[Any] = cloudwatch.get_metric_statistics(**asked)["Datapoints"]
    return found


def extended(cloudwatch: Any, pileus: Running, *statistics: str) -> dict[str, float]:
    answer = cloudwatch.get_metric_statistics(
        Namespace="Shop", MetricName="size", StartTime=minute(pileus, -10),
        EndTime=minute(pileus, 1), Period=60, ExtendedStatistics=list(statistics),
    )  # fmt: skip
    return {k: v for each in answer["Datapoints"] for k, v in each["ExtendedStatistics"].items()}


def test_values_of_a_minute_become_one_datapoint(cloudwatch: Any, pileus: Running) -> None:
    put(cloudwatch, 3, 5, 10)
    put(cloudwatch, 2, Unit="None")
    every = ("SampleCount", "Sum", "Average", "Minimum", "Maximum")
    assert [
        {
            "Timestamp": minute(pileus), "Unit": "None", "SampleCount": 4.0, "Sum": 20.0,
            "Average": 5.0, "Minimum": 2.0, "Maximum": 10.0,
        }
    ] == read(cloudwatch, pileus, *every)  # fmt: skip


def test_units_and_dimensions_are_kept_apart(cloudwatch: Any, pileus: Running) -> None:
    put(cloudwatch, 1, Unit="Bytes")
    put(cloudwatch, 2, Unit="Seconds")
    put(cloudwatch, 4, Dimensions=COLOUR)
    assert [("Bytes", 1.0), ("Seconds", 2.0)] == [
        (each["Unit"], each["Sum"]) for each in read(cloudwatch, pileus)
    ]
    assert [2.0] == [each["Sum"] for each in read(cloudwatch, pileus, Unit="Seconds")]
    assert [4.0] == [each["Sum"] for each in read(cloudwatch, pileus, Dimensions=COLOUR)]


def test_statistic_sets_are_added_up_without_percentiles(cloudwatch: Any, pileus: Running) -> None:
    some = {"SampleCount": 4, "Sum": 10, "Minimum": 1, "Maximum": 4}
    for _ in range(2):
        cloudwatch.put_metric_data(
            Namespace="Shop", MetricData=[{"MetricName": "size", "StatisticValues": some}]
        )
    assert [(8.0, 20.0, 1.0, 4.0)] == [
        (each["SampleCount"], each["Sum"], each["Minimum"], each["Maximum"])
        for each in read(cloudwatch, pileus, "SampleCount", "Sum", "Minimum", "Maximum")
    ]
    assert {} == extended(cloudwatch, pileus, "p50")


def test_values_with_counts_give_percentiles(cloudwatch: Any, pileus: Running) -> None:
    cloudwatch.put_metric_data(
        Namespace="Shop",
        MetricData=[{"MetricName": "size", "Values": [1, 2, 3, 100], "Counts": [50, 40, 9, 1]}],
    )
    found = extended(
        cloudwatch, pileus, "p50", "p90", "p99", "p100", "tm99", "TC(:3)", "PR(1:3)", "IQM"
    )
    assert {
        "p50": 1.0, "p90": 2.0, "p99": 3.0, "p100": 100.0, "tm99": (50 + 80 + 27) / 99,
        "TC(:3)": 99.0, "PR(1:3)": 49.0, "IQM": 1.5,
    } == found  # fmt: skip


def test_many_different_values_keep_their_percentiles_nearly(
    cloudwatch: Any, pileus: Running
) -> None:
    for start in range(0, 1000, 150):
        values = list(range(start, min(start + 150, 1000)))
        cloudwatch.put_metric_data(
            Namespace="Shop", MetricData=[{"MetricName": "size", "Values": values}]
        )
    assert 990 == pytest.approx(extended(cloudwatch, pileus, "p99")["p99"], rel=0.01)


def test_metrics_of_one_second_are_read_by_the_second_for_three_hours(
    cloudwatch: Any, pileus: Running
) -> None:
    put(cloudwatch, 1, StorageResolution=1)
    pileus.advance(1)
    put(cloudwatch, 2, StorageResolution=1)
    span = {"StartTime": moment(pileus, -5), "EndTime": moment(pileus, 5), "Period": 1}
    assert [1.0, 2.0] == [each["Sum"] for each in read(cloudwatch, pileus, **span)]
    pileus.advance(3 * HOUR + 10)
    assert [] == read(cloudwatch, pileus, **span)
    assert 3.0 == sum(each["Sum"] for each in read(cloudwatch, pileus, Period=60, **{
        key: span[key] for key in ("StartTime", "EndTime")
    }))  # fmt: skip


def test_points_are_rolled_up_as_they_age_and_go_after_15_months(
    cloudwatch: Any, pileus: Running
) -> None:
    start = minute(pileus)
    for _ in range(3):
        put(cloudwatch, 1)
        pileus.advance(60)

    def told(period: int) -> float:
        hour = start.replace(minute=0)
        span = {"StartTime": hour, "EndTime": hour + timedelta(hours=2), "Period": period}
        return float(sum(each["Sum"] for each in read(cloudwatch, pileus, **span)))

    assert [3.0, 3.0, 3.0] == [told(period) for period in (60, 300, 3600)]
    pileus.advance(16 * DAY)
    assert [0.0, 3.0, 3.0] == [told(period) for period in (60, 300, 3600)]
    pileus.advance(60 * DAY)
    assert [0.0, 0.0, 3.0] == [told(period) for period in (60, 300, 3600)]
    pileus.advance(400 * DAY)
    assert [0.0, 0.0, 0.0] == [told(period) for period in (60, 300, 3600)]


def test_metrics_are_listed_for_two_weeks(cloudwatch: Any, pileus: Running) -> None:
    put(cloudwatch, 1)
    put(cloudwatch, 1, name="other", Dimensions=COLOUR)
    cloudwatch.put_metric_data(Namespace="Else", MetricData=[{"MetricName": "size", "Value": 1}])

    def listed(**params: Any) -> list[tuple[str, str]]:
        found = cloudwatch.list_metrics(**params)["Metrics"]
        return sorted((each["Namespace"], each["MetricName"]) for each in found)

    assert [("Else", "size"), ("Shop", "other"), ("Shop", "size")] == listed()
    assert [("Shop", "other"), ("Shop", "size")] == listed(Namespace="Shop")
    assert [("Else", "size"), ("Shop", "size")] == listed(MetricName="size")
    assert [("Shop", "other")] == listed(Dimensions=[{"Name": "Colour"}])
    assert [] == listed(Dimensions=[{"Name": "Colour", "Value": "blue"}])
    pileus.advance(4 * HOUR)
    put(cloudwatch, 1)
    assert [("Shop", "size")] == listed(RecentlyActive="PT3H")
    pileus.advance(14 * DAY)
    assert [("Shop", "size")] == listed()


def test_more_than_500_metrics_come_in_pages(cloudwatch: Any) -> None:
    for start in range(0, 600, 300):
        cloudwatch.put_metric_data(
            Namespace="Shop",
            MetricData=[
                {"MetricName": f"m{number}", "Value": 1} for number in range(start, start + 300)
            ],
        )
    pages = list(cloudwatch.get_paginator("list_metrics").paginate(Namespace="Shop"))
    assert [500, 100] == [len(page["Metrics"]) for page in pages]
    assert ("InvalidParameterValue", "The parameter NextToken is invalid.") == refusal(
        cloudwatch.list_metrics, NextToken="nonsense"
    )


def test_what_put_metric_data_refuses(cloudwatch: Any, pileus: Running) -> None:
    def refused(**datum: Any) -> tuple[str, str]:
        return refusal(
            cloudwatch.put_metric_data,
            Namespace="Shop", MetricData=[{"MetricName": "size", **datum}],
        )  # fmt: skip

    some = {"SampleCount": 1, "Sum": 1, "Minimum": 1, "Maximum": 1}
    name = "MetricData.member.1"
    assert (
        "InvalidParameterCombination",
        f"The parameters {name}.Value and {name}.StatisticValues are mutually exclusive and you "
        "have specified both.",
    ) == refused(Value=1, StatisticValues=some)
    assert (
        "InvalidParameterCombination",
        f"The parameters {name}.Value and {name}.Values are mutually exclusive and you have "
        "specified both.",
    ) == refused(Value=1, Values=[1])
    assert (
        "InvalidParameterValue",
        f"The parameters {name}.Values and {name}.Counts must be of the same size.",
    ) == refused(Values=[1, 2], Counts=[1])
    assert (
        "InvalidParameterValue",
        f"The collection {name}.Values must not have a size greater than 150.",
    ) == refused(Values=[1] * 151)
    assert (
        "InvalidParameterValue",
        f"The parameter {name}.Timestamp must specify a time within the past two weeks.",
    ) == refused(Value=1, Timestamp=moment(pileus, -15 * DAY))
    assert "InvalidParameterValue" == refused(Value=1, Timestamp=moment(pileus, 3 * HOUR))[0]
    assert "InvalidParameterValue" == refused(Value=2.0**361)[0]
    assert "InvalidParameterValue" == refused(Value=float("nan"))[0]
    assert "InvalidParameterValue" == refused(Value=1, StorageResolution=7)[0]
    assert "InvalidParameterCombination" == refused()[0]
    assert "InvalidParameterValue" == refused(Value=1, Dimensions=COLOUR * 2)[0]
    assert "ValidationError" == refused(Value=1, Unit="Miles")[0]
    assert "MissingParameter" == refusal(cloudwatch.put_metric_data, Namespace="Shop")[0]


def test_a_thousand_metrics_at_once_and_no_more(cloudwatch: Any, pileus: Running) -> None:
    datums = [{"MetricName": f"metric-{number}", "Value": 1} for number in range(1001)]
    assert (
        "InvalidParameterValue",
        "The collection MetricData must not have a size greater than 1000.",
    ) == refusal(cloudwatch.put_metric_data, Namespace="Shop", MetricData=datums)
    cloudwatch.put_metric_data(Namespace="Shop", MetricData=datums[:1000])
    assert [1.0] == [each["Sum"] for each in read(cloudwatch, pileus, MetricName="metric-999")]


def test_what_get_metric_statistics_refuses(cloudwatch: Any, pileus: Running) -> None:
    def refused(**params: Any) -> tuple[str, str]:
        asked = {
            "Namespace": "Shop", "MetricName": "size", "StartTime": moment(pileus, -60),
            "EndTime": moment(pileus), "Period": 60, "Statistics": ["Sum"], **params,
        }  # fmt: skip
        return refusal(
            cloudwatch.get_metric_statistics, **{k: v for k, v in asked.items() if v is not None}
        )

    assert (
        "InvalidParameterValue",
        "The parameter StartTime must be less than the parameter EndTime.",
    ) == refused(StartTime=moment(pileus, 5))
    assert (
        "InvalidParameterCombination",
        "You have requested up to 86400 datapoints, which exceeds the limit of 1440. You may "
        "reduce the datapoints requested by increasing Period, or decreasing the time range.",
    ) == refused(StartTime=moment(pileus, -DAY), Period=1)
    assert "InvalidParameterCombination" == refused(Statistics=None)[0]
    assert "InvalidParameterCombination" == refused(ExtendedStatistics=["p50"])[0]
    assert "InvalidParameterValue" == refused(Period=61)[0]
    assert "InvalidParameterValue" == refused(Statistics=None, ExtendedStatistics=["p101"])[0]


def test_what_is_not_built_says_so(cloudwatch: Any) -> None:
    code, _ = refusal(cloudwatch.describe_alarms)
    assert "NotImplemented" == code


def query(name: str, **members: Any) -> dict[str, Any]:
    return {"Id": name, **members}


def of_size(statistic: str = "Sum", name: str = "size") -> dict[str, Any]:
    metric = {"Namespace": "Shop", "MetricName": name}
    return {"MetricStat": {"Metric": metric, "Period": 60, "Stat": statistic}}


def data(cloudwatch: Any, pileus: Running, *queries: Any, **members: Any) -> dict[str, Any]:
    answer: dict[str, Any] = cloudwatch.get_metric_data(
        MetricDataQueries=list(queries), StartTime=minute(pileus, -10),
        EndTime=minute(pileus, 1), **members,
    )  # fmt: skip
    return answer


def test_metric_data_gives_series_newest_first(cloudwatch: Any, pileus: Running) -> None:
    put(cloudwatch, 1, 2)
    pileus.advance(60)
    put(cloudwatch, 5)
    (found,) = data(cloudwatch, pileus, query("m1", **of_size()))["MetricDataResults"]
    assert {
        "Id": "m1", "Label": "size", "Timestamps": [minute(pileus), minute(pileus, -1)],
        "Values": [5.0, 3.0], "StatusCode": "Complete",
    } == found  # fmt: skip


def test_metric_data_comes_in_pages(cloudwatch: Any, pileus: Running) -> None:
    for _ in range(3):
        put(cloudwatch, 1)
        put(cloudwatch, 2, name="other")
        pileus.advance(60)
    queries = [query("a", **of_size()), query("b", **of_size(name="other"))]
    found: dict[str, list[float]] = {"a": [], "b": []}
    token: dict[str, str] = {}
    statuses = []
    while True:
        answer = data(cloudwatch, pileus, *queries, MaxDatapoints=2, **token)
        for each in answer["MetricDataResults"]:
            found[each["Id"]] += each["Values"]
            statuses.append(each["StatusCode"])
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    assert {"a": [1.0] * 3, "b": [2.0] * 3} == found
    assert ["PartialData", "Complete", "PartialData", "Complete"] == statuses


def test_expressions_calculate_with_series(cloudwatch: Any, pileus: Running) -> None:
    put(cloudwatch, 4, 6)
    put(cloudwatch, 2, name="other")
    results = data(
        cloudwatch, pileus,
        query("m1", **of_size(), ReturnData=False),
        query("m2", **of_size(name="other"), ReturnData=False),
        query("ratio", Expression="100 * m1 / (m1 + m2)", Label="share"),
        query("both", Expression="SUM(METRICS())"),
        query("filled", Expression="FILL(m1, 0) > 5"),
    )["MetricDataResults"]  # fmt: skip
    values = {each["Id"]: each["Values"] for each in results}
    assert {
        "ratio": [pytest.approx(1000 / 12)], "both": [12.0], "filled": [1.0] + [0.0] * 10,
    } == values  # fmt: skip
    assert "share" == results[0]["Label"]


@pytest.mark.parametrize(
    ("queries", "words"),
    [
        ([query("M1", **of_size())], "pattern"),
        ([query("m1", **of_size()), query("m1", **of_size())], "unique"),
        ([query("m1")], "Exactly one"),
        ([query("e1", Expression="nothing + 1")], "Undefined variable 'nothing'"),
        ([query("e1", Expression="1 +")], "Unexpected end"),
        ([query("e1", Expression="e1 + 1")], "Circular"),
        ([query("e1", Expression="3 * 4")], "must return a time series"),
        ([query("m1", **of_size("p200"))], "not supported"),
        ([query("m1", **of_size(), ReturnData=False)], "ReturnData"),
    ],
)
def test_what_get_metric_data_refuses(
    cloudwatch: Any, pileus: Running, queries: list[Any], words: str
) -> None:
    with pytest.raises(ClientError) as caught:
        data(cloudwatch, pileus, *queries)
    assert "ValidationError" == caught.value.response["Error"]["Code"]
    assert words in caught.value.response["Error"]["Message"]


def test_search_expressions_are_not_built(cloudwatch: Any, pileus: Running) -> None:
    with pytest.raises(ClientError) as caught:
        data(cloudwatch, pileus, query("e1", Expression="SEARCH('{Shop}', 'Sum', 60)"))
    assert "NotImplemented" == caught.value.response["Error"]["Code"]


def test_a_large_request_comes_in_gzip(cloudwatch: Any, pileus: Running) -> None:
    # The SDK compresses bodies over 10 KB.
    long = [{"Name": "Text", "Value": "x" * 1000}]
    datums = [{"MetricName": f"m{n}", "Value": n, "Dimensions": long} for n in range(50)]
    cloudwatch.put_metric_data(Namespace="Shop", MetricData=datums)
    assert [49.0] == [
        each["Sum"] for each in read(cloudwatch, pileus, MetricName="m49", Dimensions=long)
    ]


@pytest.mark.parametrize("protocol", ["json", "query"])
def test_older_sdks_speak_other_protocols(
    cloudwatch: Any, pileus: Running, account: str, protocol: str
) -> None:
    put(cloudwatch, 1)
    headers = {}
    if protocol == "json":
        headers["content-type"] = "application/x-amz-json-1.0"
        headers["x-amz-target"] = "GraniteServiceVersion20100801.ListMetrics"
        body = b'{"Namespace": "Shop"}'
    else:
        headers["content-type"] = "application/x-www-form-urlencoded"
        body = b"Action=ListMetrics&Version=2010-08-01&Namespace=Shop"
    signed = AWSRequest("POST", pileus.url, headers, body)
    SigV4Auth(Credentials(account, "test"), "monitoring", "us-east-1").add_auth(signed)
    with urlopen(Request(pileus.url, body, dict(signed.headers))) as answer:
        text = answer.read().decode()
    if protocol == "json":
        assert ["size"] == [each["MetricName"] for each in json.loads(text)["Metrics"]]
    else:
        assert "<MetricName>size</MetricName>" in text
