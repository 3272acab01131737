"""Calls that have one home (clocks, timers, randomness, SQL, broad excepts), and what to use."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from style.tree import Source, Text, expect_none, our_sources, texts

_CLOCK = "call.now, or the clock of kernel/clock.py"
_WAIT = "clock.wait, clock.limit or call.watching, which know both deadlines"
_IDS = "kernel/ids.py, which a seed can fix"

# Dotted name (a trailing dot bans all below it) -> what to use.
BANNED = {
    "time.time": _CLOCK,
    "time.time_ns": _CLOCK,
    "time.monotonic": "clock.monotonic_ms",
    "time.monotonic_ns": "clock.monotonic_ms",
    "time.sleep": _WAIT,
    "datetime.datetime.now": _CLOCK,
    "datetime.datetime.utcnow": _CLOCK,
    "datetime.datetime.today": _CLOCK,
    "datetime.date.today": _CLOCK,
    "asyncio.sleep": _WAIT,
    "asyncio.timeout": _WAIT,
    "asyncio.timeout_at": _WAIT,
    "asyncio.wait_for": _WAIT,
    "threading.Timer": _WAIT,
    "sched.": _WAIT,
    "uuid.uuid1": _IDS,
    "uuid.uuid4": _IDS,
    "random.": _IDS,
    "secrets.": _IDS,
    "os.urandom": _IDS,
}
# Methods of an event loop, by the name that the loop goes by.
_LOOP_METHODS = {"call_later", "call_at", "time"}
_LOOP = re.compile(r"(^|[._])(loop|get_running_loop|get_event_loop|new_event_loop)(\(\))?$")

# Where a banned name has its home, or a process of its own that the platform's clock does not rule.
AT_HOME: dict[str, tuple[str, ...]] = {
    "kernel/clock.py": ("time.", "asyncio.", "loop."),
    "kernel/ids.py": ("random.", "os.urandom"),
    "sandbox/real_time.py": ("time.", "loop."),
    "sandbox/bootstrap/clock.py": ("time.", "datetime."),
}

# Files that must survive anything, whatever it is.
BROAD_EXCEPTS = {"kernel/workers.py", "kernel/deliveries.py", "gateway/server.py"}
# Parts whose threads hand an exception, whatever it is, to the one who waits for the result.
HANDING_ON = ("kernel/database/",)

_SQL = re.compile(
    r"\s*(SELECT\s|INSERT\s+(OR\s+\w+\s+)?INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s"
    r"|WITH\s+(RECURSIVE\s+)?\w+\s*(\([^)]*\)\s*)?AS\s|REPLACE\s+INTO\s|PRAGMA\s|ALTER\s+TABLE\s"
    r"|CREATE\s+(TABLE|INDEX|UNIQUE|TRIGGER|VIEW)\s|DROP\s+(TABLE|INDEX)\s)"
)
_SQL_CLOCK = re.compile(
    r"\bnow\(\)|\bCURRENT_(TIMESTAMP|TIME|DATE)\b"
    r"|\b(datetime|date|time|julianday|unixepoch|strftime)\([^)]*'now'"
    r"|\brandom\(\)|\bclock_timestamp\(\)|\bgen_random_uuid\(\)",
    re.IGNORECASE,
)
# Names a session by chance: nobody sees it, and two processes must not agree on it.
_SQL_CLOCK_AT_HOME = {"kernel/database/postgres_session.py"}
_TRANSACTION_METHODS = {"one", "all", "run", "run_many"}


def call_problems(checked: Iterable[Source]) -> list[str]:
    found = []
    for source in checked:
        allowed = AT_HOME.get(source.within, ())
        for line, name, instead in _banned(source):
            if not any(_covers(prefix, name) for prefix in allowed):
                found.append(f"{source.path}:{line} uses {name}; use {instead}")
    return found


def _covers(entry: str, name: str) -> bool:
    return name.startswith(entry) if entry.endswith(".") else name == entry


def _banned(source: Source) -> Iterator[tuple[int, str, str]]:
    known = _imported(source)
    for node in source.each(ast.Attribute, ast.Name):
        # Only whole chains: `datetime.datetime` inside `datetime.datetime.now` is no use of it.
        name = _dotted(node)
        head, _, rest = name.partition(".")
        if head in known:
            name = f"{known[head]}.{rest}" if rest else known[head]
            for entry, instead in BANNED.items():
                if _covers(entry, name):
                    yield node.lineno, name, instead
        if isinstance(node, ast.Attribute) and node.attr in _LOOP_METHODS:
            owner = _dotted(node.value)
            if _LOOP.search(owner) and known.get(owner) is None:
                yield node.lineno, f"loop.{node.attr}", _WAIT
    for call in source.each(ast.Call):
        function = _dotted(call.func)
        is_wait = known.get(function.split(".")[0]) == "asyncio" and function.endswith(".wait")
        if is_wait and any(keyword.arg == "timeout" for keyword in call.keywords):
            yield call.lineno, "asyncio.wait(timeout=)", _WAIT


def _imported(source: Source) -> dict[str, str]:
    """What each imported name stands for: {"sleep": "asyncio.sleep", "dt": "datetime"}."""
    known = {}
    for node in source.each(ast.Import):
        for alias in node.names:
            known[alias.asname or alias.name.split(".")[0]] = (
                alias.name if alias.asname else alias.name.split(".")[0]
            )
    for node in source.each(ast.ImportFrom):
        if not node.level and node.module:
            for alias in node.names:
                known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return known


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Call):
        return f"{_dotted(node.func)}()"
    return "?"


def sql_problems(checked: Iterable[Source]) -> list[str]:
    """SQL, and calls that run it, outside `store.py` files and the kernel."""
    found = []
    for source in checked:
        if source.within.startswith("kernel/") or source.within.endswith("store.py"):
            continue
        for text in source.each(ast.Constant):
            if isinstance(text.value, str) and _SQL.match(text.value):
                found.append(f"{source.path}:{text.lineno} has SQL; it lives in store.py")
        for call in source.each(ast.Call):
            name = _dotted(call.func)
            owner, _, method = name.rpartition(".")
            if method in _TRANSACTION_METHODS and re.search(r"(^|\.)tx$", owner):
                found.append(f"{source.path}:{call.lineno} calls {name}; store.py does that")
    return found


def sql_clock_problems(checked: Iterable[Source], files: Iterable[Text]) -> list[str]:
    """The database's own clock and dice, which the user does not hold."""
    found = []
    for source in checked:
        is_store = source.within.startswith("kernel/") or source.within.endswith("store.py")
        if is_store and source.within not in _SQL_CLOCK_AT_HOME:
            for text in source.each(ast.Constant):
                sql = text.value if isinstance(text.value, str) else ""
                if _SQL.match(sql) and _SQL_CLOCK.search(sql):
                    found.append(f"{source.path}:{text.lineno} asks SQL for time or chance")
    for file in files:
        if file.path.endswith(".sql") and _SQL_CLOCK.search(file.text):
            found.append(f"{file.path} asks SQL for time or chance")
    return found


def except_problems(checked: Iterable[Source]) -> list[str]:
    found = []
    for source in checked:
        if source.within in BROAD_EXCEPTS:
            continue
        for handler in source.each(ast.ExceptHandler):
            caught = _dotted(handler.type) if handler.type is not None else "BaseException"
            if isinstance(handler.type, ast.Tuple):
                caught = " ".join(_dotted(part) for part in handler.type.elts)
            if not {"Exception", "BaseException"} & set(caught.split()):
                continue
            if _raises_again(handler) or (
                source.within.startswith(HANDING_ON) and _hands_on(handler)
            ):
                continue
            found.append(f"{source.path}:{handler.lineno} catches {caught}; name what may happen")
        for call in source.each(ast.Call):
            if _dotted(call.func).endswith("suppress") and {"Exception", "BaseException"} & {
                _dotted(argument) for argument in call.args
            }:
                found.append(f"{source.path}:{call.lineno} suppresses everything")
    return found


def depth_problems(checked: Iterable[Source]) -> list[str]:
    """Handlers of text that is no JSON: one that is nested too deeply raises another error."""
    found = []
    for source in checked:
        if not source.within.startswith("services/"):
            continue
        for handler in source.each(ast.ExceptHandler):
            parts = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
            caught = {_dotted(part) for part in parts if part is not None}
            if caught & {"msgspec.MsgspecError", "msgspec.DecodeError"} and (
                "RecursionError" not in caught
            ):
                found.append(f"{source.path}:{handler.lineno} forgets RecursionError")
    return found


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def _hands_on(handler: ast.ExceptHandler) -> bool:
    """The error itself is used: given to whoever waits, not only swallowed."""
    return handler.name is not None and any(
        isinstance(node, ast.Name) and node.id == handler.name
        for part in handler.body
        for node in ast.walk(part)
    )


def test_clocks_timers_and_chance_have_one_home() -> None:
    expect_none(call_problems(our_sources()))


def test_sql_lives_in_stores_and_the_kernel() -> None:
    expect_none(sql_problems(our_sources()))


def test_the_database_keeps_no_time() -> None:
    expect_none(sql_clock_problems(our_sources(), texts()))


def test_exceptions_are_named() -> None:
    expect_none(except_problems(our_sources()))


def test_deep_nesting_is_expected_where_bad_json_is() -> None:
    expect_none(depth_problems(our_sources()))


def test_exceptions_to_the_rules_exist() -> None:
    paths = {source.within for source in our_sources()}
    assert set() == set(AT_HOME) - paths


def test_banned_calls_are_found_under_any_name() -> None:
    bad = Source(
        "src/pileus/services/sqs/rules.py",
        "import time, random as dice, uuid\n"
        "import datetime as dt\n"
        "from datetime import datetime\n"
        "from asyncio import sleep as nap\n"
        "a = time.time()\n"
        "b = dice.random()\n"
        "c = dt.datetime.now()\n"
        "d = datetime.utcnow()\n"
        "e = nap(1)\n"
        "f = uuid.uuid4\n"
        "loop.call_later(1, f)\n"
        "asyncio.get_running_loop().time()\n",
    )
    assert [5, 6, 7, 8, 9, 10, 11, 12] == sorted(
        int(problem.split(":")[1].split(" ")[0]) for problem in call_problems([bad])
    )


def test_the_clock_itself_and_parsing_a_date_are_fine() -> None:
    good = Source(
        "src/pileus/services/sqs/rules.py",
        "from datetime import datetime, UTC\n"
        "a = datetime.fromtimestamp(1, UTC)\n"
        "call.kernel.clock.call_later(1, a)\n",
    )
    assert [] == call_problems([good])


def test_sql_in_an_operation_is_found() -> None:
    bad = Source(
        "src/pileus/services/sqs/queues.py",
        'call.tx.run("DELETE FROM sqs_queues WHERE part = :part")\n',
    )
    assert 2 == len(sql_problems([bad]))
    assert [] == sql_problems([Source("src/pileus/services/sqs/store.py", bad.text)])


def test_sql_that_asks_for_the_time_is_found() -> None:
    store = Source("src/pileus/services/x/store.py", "SQL = 'SELECT 1 WHERE at < now()'\n")
    table = Text(
        "src/pileus/services/x/schema.sql", "CREATE TABLE a (at DEFAULT CURRENT_TIMESTAMP)"
    )
    assert 2 == len(sql_clock_problems([store], [table]))


def test_swallowed_exceptions_are_found() -> None:
    swallowed = "try:\n    f()\nexcept Exception:\n    pass\n"
    handed_on = "try:\n    f()\nexcept BaseException as error:\n    future.set_exception(error)\n"
    raised = "try:\n    f()\nexcept BaseException:\n    undo()\n    raise\n"
    assert 1 == len(except_problems([Source("src/pileus/kernel/x.py", swallowed)]))
    assert 1 == len(except_problems([Source("src/pileus/kernel/database/x.py", swallowed)]))
    assert 1 == len(except_problems([Source("src/pileus/kernel/x.py", handed_on)]))
    assert 0 == len(except_problems([Source("src/pileus/kernel/database/x.py", handed_on)]))
    assert 0 == len(except_problems([Source("src/pileus/kernel/x.py", raised)]))
    assert 0 == len(except_problems([Source("src/pileus/gateway/server.py", swallowed)]))


def test_a_forgotten_depth_is_found() -> None:
    forgot = "try:\n    f()\nexcept msgspec.MsgspecError as error:\n    pass\n"
    knows = "try:\n    f()\nexcept (msgspec.DecodeError, RecursionError):\n    pass\n"
    assert 1 == len(depth_problems([Source("src/pileus/services/x/y.py", forgot)]))
    assert 0 == len(depth_problems([Source("src/pileus/services/x/y.py", knows)]))
