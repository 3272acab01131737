"""What EventBridge consists of: operations, rows, the target for deliveries, timers. No logic."""

from __future__ import annotations

from pileus.kernel.changes import PlatformEvent
from pileus.kernel.service import Listener, Operations, Service, Target, Timer
from pileus.services.events import (
    arrivals,
    buses,
    permissions,
    platform_events,
    put_events,
    resources,
    routing,
    rules,
    schedule_timers,
    tagging,
    targets,
)
from pileus.services.events.archives import archives, replays
from pileus.services.events.names import the_bus, the_first_bus, the_named_bus, the_tagged
from pileus.services.events.records import (
    announcements,
    api_destinations,
    calls,
    connections,
    endpoints,
    partner_sources,
)

EVENTS = Service(
    name="events",
    package=__package__,
    operations=[
        Operations(
            [buses.create_event_bus, buses.update_event_bus, buses.delete_event_bus],
            about=the_named_bus,
        ),
        Operations([buses.describe_event_bus], about=the_named_bus, reads=True),
        Operations([buses.list_event_buses]),
        Operations(
            [
                permissions.put_permission,
                permissions.remove_permission,
                rules.put_rule,
                rules.enable_rule,
                rules.disable_rule,
                rules.delete_rule,
                targets.put_targets,
                targets.remove_targets,
            ],
            about=the_bus,
        ),
        Operations(
            [
                rules.describe_rule,
                rules.list_rules,
                targets.list_targets_by_rule,
                targets.list_rule_names_by_target,
            ],
            about=the_bus,
            reads=True,
        ),
        Operations([rules.test_event_pattern], reads=True),
        Operations([put_events.put_events], about=the_first_bus),
        Operations(
            [archives.create_archive, archives.update_archive, archives.delete_archive],
            about=archives.the_archive,
        ),
        Operations([archives.describe_archive], about=archives.the_archive, reads=True),
        Operations([replays.start_replay, replays.cancel_replay], about=replays.the_replay),
        Operations([replays.describe_replay], about=replays.the_replay, reads=True),
        Operations([archives.list_archives, replays.list_replays]),
        Operations(
            [
                connections.create_connection,
                connections.update_connection,
                connections.deauthorize_connection,
                connections.delete_connection,
                api_destinations.create_api_destination,
                api_destinations.update_api_destination,
                api_destinations.delete_api_destination,
                endpoints.create_endpoint,
                endpoints.update_endpoint,
                endpoints.delete_endpoint,
                partner_sources.create_partner_event_source,
                partner_sources.delete_partner_event_source,
                partner_sources.list_partner_event_source_accounts,
                partner_sources.activate_event_source,
                partner_sources.deactivate_event_source,
                partner_sources.put_partner_events,
            ],
        ),
        Operations(
            [
                connections.describe_connection,
                connections.list_connections,
                api_destinations.describe_api_destination,
                api_destinations.list_api_destinations,
                endpoints.describe_endpoint,
                endpoints.list_endpoints,
                partner_sources.describe_partner_event_source,
                partner_sources.list_partner_event_sources,
                partner_sources.describe_event_source,
                partner_sources.list_event_sources,
            ],
            reads=True,
        ),
        Operations([tagging.tag_resource, tagging.untag_resource], about=the_tagged),
        Operations([tagging.list_tags_for_resource], about=the_tagged, reads=True),
    ],
    targets=[
        Target("events", accept=arrivals.accept, send=calls.send, is_sent=calls.is_api_destination)
    ],
    timers=[
        Timer(routing.FAN_OUT_TIMER, routing.fan_out),
        Timer(schedule_timers.TIMER, schedule_timers.fire),
        Timer(archives.EXPIRE_TIMER, archives.expire),
        Timer(archives.DROP_TIMER, archives.drop),
        Timer(replays.TIMER, replays.run),
        Timer(connections.AUTHORIZE_TIMER, calls.authorize),
        Timer(announcements.DESTINATIONS_TIMER, announcements.tell_destinations),
    ],
    listeners=[Listener(PlatformEvent, platform_events.take)],
    resource_types=resources.RESOURCE_TYPES,
)
