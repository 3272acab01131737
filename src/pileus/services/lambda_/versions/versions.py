"""Operations on versions: publish, list; and the end of a version."""

from __future__ import annotations

from typing import Any

from pileus.kernel import blobs, pagination
from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.lambda_ import errors
from pileus.services.lambda_.capacity import capacity_errors
from pileus.services.lambda_.capacity import rules as capacity_rules
from pileus.services.lambda_.functions import configurations, function_names, pages
from pileus.services.lambda_.functions import store as functions_store
from pileus.services.lambda_.functions.configurations import PENDING, SUCCESSFUL, Function
from pileus.services.lambda_.functions.function_names import LATEST_PUBLISHED, Named
from pileus.services.lambda_.layers import package_users
from pileus.services.lambda_.versions import dependents, lookup, store, version_errors

STATE_TIMER = "lambda:version-state"
# Runs a version's INIT, where SnapStart wants that.
SNAPSHOT_TIMER = "lambda:snapshot"
# How long a new version is pending with `--aws-delays`.
PUBLICATION_MS = 5_000
LISTED_MAX = 50  # docs: ListVersionsByFunction, MaxItems
# What `publish` makes: a version with a number, or what PublishTo names.
TO_NUMBER = "number"
# What may differ between $LATEST and a version that was published of it.
_NOT_COMPARED = (
    "revision_id", "modified_at", "version", "description", "state", "update", "recursive_loop",
    "runtime_updates", "runtime_version_arn", "signing_config_arn", "scaling",
)  # fmt: skip


def publish_version(
    call: Call,
    *,
    function_name: str,
    code_sha256: str | None = None,
    description: str | None = None,
    revision_id: str | None = None,
    publish_to: str = "",
) -> dict[str, Any]:
    named = function_names.unqualified(call, function_name)
    latest = lookup.latest(call.tx, named)
    if revision_id and revision_id != latest.revision_id:
        raise errors.stale_revision()
    check_settled(latest)
    if code_sha256 and code_sha256 != latest.code_sha256:
        raise version_errors.code_differs(code_sha256, latest.code_sha256)
    has_delays = call.kernel.settings.aws_delays
    target = publish_to or TO_NUMBER
    return configurations.show(publish(call.tx, latest, description, has_delays, target))


def check_settled(latest: Function) -> None:
    """Refuse what cannot be done while a change is under way."""
    if latest.state.status == "Pending":
        raise errors.function_in_state("Pending")
    if latest.is_changing:
        raise errors.update_in_progress(latest.arn)


def publish(
    tx: Transaction, latest: Function, description: str | None, has_delays: bool,
    target: str = TO_NUMBER,
) -> Function:  # fmt: skip
    """Make a version of $LATEST, or find the last one where nothing has changed since."""
    is_numbered = target == TO_NUMBER
    if is_numbered:
        newest = store.newest_version(tx, latest.id)
    elif latest.capacity is None:
        raise capacity_errors.not_publishable()
    else:
        newest = store.load_version(tx, latest.id, LATEST_PUBLISHED)
    if newest is not None and _is_same(newest, latest):
        return newest
    timer = STATE_TIMER if has_delays else None
    if latest.snap_start_on == "PublishedVersions":
        timer = SNAPSHOT_TIMER
    version = configurations.replace(
        latest,
        version=store.next_number(tx, latest.arn) if is_numbered else LATEST_PUBLISHED,
        revision_id=tx.kernel.ids.uuid(),
        modified_at=tx.now,
        description=latest.description if description is None else description,
        description_of_latest=latest.description,
        state=configurations.ACTIVE if timer is None and latest.capacity is None else PENDING,
        update=SUCCESSFUL,
        scaling=None if is_numbered or newest is None else newest.scaling,
    )
    for digest in version.digests:
        is_kept = blobs.keep_again(tx, digest)
        assert is_kept, f"a package of {latest.arn} is not there"
    if is_numbered or newest is None:
        store.add_version(tx, version)
    else:
        _replace(tx, newest, version)
    if version.capacity is not None:
        # It is active when its environments are there.
        tx.employ(capacity_rules.WORKER, capacity_rules.worker_key(version))
    elif timer is not None:
        delay_ms = PUBLICATION_MS if has_delays else 0
        tx.set_timer(timer, version.qualified_arn, tx.now + delay_ms)
    tx.wake(version.qualified_arn)
    return version


def _replace(tx: Transaction, older: Function, version: Function) -> None:
    store.change_version(tx, version)
    for digest in older.digests:
        package_users.let_go(tx, digest, older.arn)


def _is_same(newest: Function, latest: Function) -> bool:
    same = {name: getattr(newest, name) for name in _NOT_COMPARED}
    expected = configurations.replace(
        latest, description_of_latest=latest.description, generation=newest.generation, **same
    )
    return newest == expected


def end_transition(call: Call, key: str, payload: dict[str, Any]) -> None:
    """Timer: a version is no longer pending."""
    named = function_names.split(key)
    function = _existing(call.tx, named)
    if function is not None and function.is_changing:
        store.change_version(call.tx, configurations.replace(function, state=configurations.ACTIVE))
        call.tx.wake(key)


def _existing(tx: Transaction, named: Named) -> Function | None:
    """A version, if it and its function are still there."""
    latest = functions_store.load_function(tx, named.arn)
    return None if latest is None else store.load_version(tx, latest.id, named.qualifier)


def list_versions_by_function(
    call: Call, *, function_name: str, marker: str | None = None, max_items: int = LISTED_MAX
) -> dict[str, Any]:
    """In order of number, after $LATEST."""
    named = function_names.unqualified(call, function_name)
    latest = lookup.latest(call.tx, named)
    limit = min(max_items, LISTED_MAX)
    found, marker = page(call.tx, latest, marker, limit)
    shown = [configurations.show_listed(each, each.version) for each in found]
    answer: dict[str, Any] = {"Versions": shown}
    if marker:
        answer["NextMarker"] = marker
    return answer


def page(
    tx: Transaction, latest: Function, marker: str | None, limit: int
) -> tuple[list[Function], str]:
    """$LATEST and its versions from a marker on, and the marker of the next page."""
    begun = [] if marker else [latest]
    after = pages.number(marker) - 1
    found = begun + store.list_versions(tx, latest.id, after, limit + 1 - len(begun))
    if len(found) <= limit:
        return found, ""
    last = found[limit - 1]
    place = store.number(last.version) + 1 if last.is_version else 0
    return found[:limit], pagination.encode(str(place))


def deletable(tx: Transaction, named: Named) -> tuple[Function, Function | None]:
    """$LATEST and the version that may be deleted; None where it is not there.

    docs: DeleteFunction, "You can't delete a version that an alias references."
    """
    latest = lookup.latest(tx, named)
    if not named.qualifier.isdecimal() and named.qualifier != LATEST_PUBLISHED:
        raise version_errors.aliases_not_deletable()
    version = store.load_version(tx, latest.id, named.qualifier)
    if version is not None:
        aliases = store.list_aliases(tx, latest.id, version.version, "", store.REFERENCES_MAX)
        if aliases:
            raise version_errors.version_referenced([alias.name for alias in aliases])
    return latest, version


def delete_version(tx: Transaction, named: Named) -> None:
    """Remove one version; one that is not there is no error."""
    latest, version = deletable(tx, named)
    if version is None:
        return
    store.remove_version(tx, latest.id, version.version)
    for digest in version.digests:
        package_users.let_go(tx, digest, named.arn)
    _finish_timers(tx, version)
    dependents.forget(tx, latest, version.version)


def _finish_timers(tx: Transaction, version: Function) -> None:
    tx.finish_timer(STATE_TIMER, version.qualified_arn)
    tx.finish_timer(SNAPSHOT_TIMER, version.qualified_arn)
    if version.capacity is not None:
        tx.dismiss(capacity_rules.WORKER, capacity_rules.worker_key(version))


def sweep(tx: Transaction, owner: str, limit: int) -> int:
    """Remove what a deleted function has left; how many rows there were."""
    gone = store.sweep_versions(tx, owner, limit)
    for version in gone:
        for digest in version.digests:
            package_users.let_go(tx, digest, version.arn)
        _finish_timers(tx, version)
    aliases = store.sweep_aliases(tx, owner, limit)
    return len(gone) + aliases + dependents.sweep(tx, owner, limit)
