"""What the cluster's store does when connections break or other servers get in the way."""

import asyncio
import threading

import pytest

from pileus.kernel.database import postgres_session
from pileus.kernel.database.statements import StatementFailed
from pileus.kernel.database.store import StoreRefused
from support.stores import Engine, Gate, Tx, add, ask, postgres_engine, value_of

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")

QUEUE = "arn:aws:sqs:us-east-1:000000000000:orders"
END_OTHERS = (
    "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.fixture
def url(postgres_server):
    url = postgres_server.new_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture
def engine(url) -> Engine:
    return postgres_engine(url)


@pytest.fixture
def at_commit(monkeypatch):
    """Put something in the place of the next commit: called with the session and its script."""
    control = postgres_session.PostgresWriter._control
    instead = []

    def changed(session, script):
        if script.endswith("COMMIT") and "pileus_lanes" in script and instead:
            return instead.pop()(session, lambda: control(session, script))
        return control(session, script)

    monkeypatch.setattr(postgres_session.PostgresWriter, "_control", changed)
    return instead.append


def end_backend(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(END_OTHERS)


def url_of(store) -> str:
    return store._url


def work(tx: Tx, attempts: list[int]) -> int:
    attempts.append(1)
    tx.effects.append(f"attempt {len(attempts)}")
    return add(tx, "sent", 1)


def in_a_batch(engine: Engine, attempts: list[int]):
    """Run three functions in one batch; return their answers and what is there afterwards."""

    async def story(store):
        gate = await Gate.held(store, QUEUE)
        answers = await gate.open(
            ask(store, add, "sent", 1, about=QUEUE),
            ask(store, work, attempts, about=QUEUE),
            ask(store, add, "sent", 1, about=QUEUE),
        )
        return answers, await store.read(value_of, "sent", about=QUEUE)

    return engine.run(story)


def test_a_connection_cut_between_batches_is_replaced(engine, url):
    async def story(store):
        await store.transact(add, "sent", 1, about=QUEUE)
        await store.read(value_of, "sent", about=QUEUE)
        await asyncio.to_thread(end_backend, url)
        return await store.transact(add, "sent", 1, about=QUEUE)

    assert 2 == engine.run(story)


def test_a_reader_that_was_cut_is_replaced(engine, url):
    async def story(store):
        for _ in range(4):
            await store.read(value_of, "sent", about=QUEUE)
        await asyncio.to_thread(end_backend, url)
        return [await store.read(value_of, "sent", about=QUEUE) for _ in range(8)]

    assert [0] * 8 == engine.run(story)


def test_a_server_that_is_away_is_answered_503_and_comes_back(engine, monkeypatch):
    def away(*args, **options):
        raise psycopg.OperationalError("connection refused")

    async def story(store):
        await store.transact(add, "sent", 1, about=QUEUE)
        await store.read(value_of, "sent", about=QUEUE)
        await asyncio.to_thread(end_backend, url_of(store))
        with monkeypatch.context() as patch:
            patch.setattr(postgres_session, "open_connection", away)
            answers = await asyncio.gather(
                store.transact(add, "sent", 1, about=QUEUE),
                store.read(value_of, "sent", about=QUEUE),
                return_exceptions=True,
            )
        assert [503, 503] == [answer.status for answer in answers]
        return await store.transact(add, "sent", 1, about=QUEUE)

    assert 2 == engine.run(story)


def test_a_connection_cut_inside_a_function_loses_nothing(engine):
    attempts = []

    def cut_once(tx: Tx):
        attempts.append(1)
        if len(attempts) == 1:
            tx.statements.one("SELECT pg_terminate_backend(pg_backend_pid())")
        return add(tx, "sent", 1)

    async def story(store):
        gate = await Gate.held(store, QUEUE)
        answers = await gate.open(
            ask(store, add, "sent", 1, about=QUEUE),
            ask(store, cut_once, about=QUEUE),
            ask(store, add, "sent", 1, about=QUEUE),
        )
        return answers, await store.read(value_of, "sent", about=QUEUE)

    assert ([1, 2, 3], 3) == engine.run(story)


def test_a_commit_that_never_arrived_is_run_again(engine, url, at_commit):
    attempts = []

    def cut_before(session, commit):
        end_backend(url)
        return commit()

    at_commit(cut_before)
    at_commit(lambda session, commit: commit())
    assert ([1, 2, 3], 3) == in_a_batch(engine, attempts)
    assert (2, ["attempt 2"]) == (len(attempts), engine.committed)


def test_a_commit_whose_answer_was_cut_off_is_not_run_again(engine, at_commit):
    attempts = []

    def cut_after(session, commit):
        commit()
        session._connection.close()
        raise psycopg.OperationalError("the answer was cut off")

    at_commit(cut_after)
    at_commit(lambda session, commit: commit())
    assert ([1, 2, 3], 3) == in_a_batch(engine, attempts)
    assert (1, ["attempt 1"]) == (len(attempts), engine.committed)


def test_a_commit_stuck_in_the_network_is_ended_and_run_again(engine, at_commit):
    attempts, stuck = [], []

    def hang(session, commit):
        # The backend still waits for the commit, and holds its locks, on a line nobody answers.
        stuck.append(session._connection)
        lost = psycopg.Connection.connect(session._url)
        lost.close()
        session._connection = lost
        raise psycopg.OperationalError("the line is dead")

    at_commit(hang)
    at_commit(lambda session, commit: commit())
    assert ([1, 2, 3], 3) == in_a_batch(engine, attempts)
    assert (2, ["attempt 2"]) == (len(attempts), engine.committed)
    with pytest.raises(psycopg.OperationalError):
        stuck[0].execute("COMMIT")


def test_a_commit_of_unknown_outcome_is_neither_acknowledged_nor_run_again(
    engine, at_commit, monkeypatch
):
    monkeypatch.setattr(postgres_session, "OUTCOME_SECONDS_MAX", 0.0)
    attempts = []

    def cut_after(session, commit):
        commit()
        session._connection.close()
        url, session._url = session._url, "postgresql:///x?host=/nowhere"
        restore.append(lambda: setattr(session, "_url", url))
        raise psycopg.OperationalError("the server is gone")

    restore = []
    at_commit(cut_after)
    at_commit(lambda session, commit: commit())

    async def story(store):
        gate = await Gate.held(store, QUEUE)
        (answer,) = await gate.open(ask(store, work, attempts, about=QUEUE))
        restore[0]()
        return answer.status, await store.transact(add, "sent", 1, about=QUEUE)

    assert (503, 2) == engine.run(story)
    assert (1, []) == (len(attempts), engine.committed)


def test_a_statement_that_is_cancelled_harms_only_its_function(engine, url):
    def cancel(tx: Tx):
        add(tx, "sent", 100)
        tx.statements.one("SELECT pg_cancel_backend(pg_backend_pid())")
        tx.statements.one("SELECT pg_sleep(10)")

    async def story(store):
        gate = await Gate.held(store, QUEUE)
        answers = await gate.open(
            ask(store, add, "sent", 1, about=QUEUE),
            ask(store, cancel, about=QUEUE),
            ask(store, add, "sent", 1, about=QUEUE),
        )
        return [getattr(answer, "status", answer) for answer in answers]

    assert [1, 503, 2] == engine.run(story)


def test_two_servers_on_one_database_lose_nothing_in_a_race(url):
    first, second = postgres_engine(url), postgres_engine(url)

    async def story(store):
        return await asyncio.gather(
            *(store.transact(add, f"n-{n % 3}", 1, about=f"queue-{n % 3}") for n in range(150))
        )

    answers = []
    threads = [
        threading.Thread(target=lambda engine=engine: answers.extend(engine.run(story)))
        for engine in (first, second)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(list(range(1, 101)) * 3) == sorted(answers)


def test_functions_that_deadlock_are_run_again(engine):
    """Rows that no partition guards: a programmer's error that must not become a client's."""
    barrier = threading.Barrier(2)
    attempts = []

    def update(tx: Tx, names: list[str]):
        attempts.append(names)
        is_first = attempts.count(names) == 1
        for name in names:
            tx.statements.run(
                "UPDATE counters SET value = value + 1 WHERE part = 0 AND name = :name",
                {"name": name},
            )
            if is_first and name == names[0]:
                barrier.wait(10)

    def prepare(tx: Tx):
        rows = [{"name": name} for name in "ab"]
        tx.statements.run_many("INSERT INTO counters VALUES (0, :name, 0)", rows)

    def values(tx: Tx):
        return tx.statements.all("SELECT value FROM counters WHERE part = 0", at_most=2)

    async def story(store):
        names = [f"queue-{n}" for n in range(100)]
        lanes = {store.partition(name) % 4: name for name in names}
        await store.transact(prepare, about=QUEUE)
        await asyncio.gather(
            store.transact(update, ["a", "b"], about=lanes[0]),
            store.transact(update, ["b", "a"], about=lanes[1]),
        )
        return await store.read(values, about=QUEUE)

    assert [(2,), (2,)] == engine.run(story)


def test_a_server_that_cannot_be_reached_is_said_so():
    engine = postgres_engine("postgresql:///x?host=/nowhere")

    async def story(store):
        return await store.transact(add, "sent", 1, about=QUEUE)

    with pytest.raises(StoreRefused, match="PostgreSQL cannot be reached"):
        engine.run(story)


def test_acknowledged_means_on_the_disk_even_where_the_server_says_otherwise(url):
    url += "%20-csynchronous_commit%3Doff"
    engine = postgres_engine(url)

    def level(tx: Tx):
        return tx.statements.one("SELECT current_setting('synchronous_commit')")[0]

    async def story(store):
        return [
            await store.transact(level, about=QUEUE),
            await store.transact(level, about=QUEUE, is_durable=False),
            await store.transact(level, about=QUEUE),
        ]

    assert ["on", "off", "on"] == engine.run(story)


def test_lanes_leave_nothing_behind_when_they_stop(engine, url):
    async def story(store):
        await store.transact(add, "sent", 1, about=QUEUE)

    engine.run(story)
    with psycopg.connect(url) as connection:
        assert (0,) == connection.execute("SELECT COUNT(*) FROM pileus_lanes").fetchone()


def test_text_with_a_zero_character_is_refused(engine):
    async def story(store):
        return await store.transact(add, "a\0b", 1, about=QUEUE)

    with pytest.raises(StatementFailed):
        engine.run(story)
