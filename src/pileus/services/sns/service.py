"""What SNS consists of: operations, rows, timers, the certificate. No logic."""

from __future__ import annotations

from pileus.kernel.service import Endpoint, Operations, Service, Target, Timer
from pileus.services.sns import (
    confirmations,
    data_protection,
    fan_out,
    fifo,
    http_deliveries,
    links,
    permissions,
    preparations,
    publishing,
    push,
    replays,
    resources,
    signing,
    sms,
    subscriptions,
    topic_tags,
    topics,
)
from pileus.services.sns.signer import PATH
from pileus.services.sns.topic_arns import (
    the_named_topic,
    the_tagged_topic,
    the_topic,
    the_topic_of_a_subscription,
)

SNS = Service(
    name="sns",
    package=__package__,
    operations=[
        Operations([topics.create_topic], about=the_named_topic),
        Operations(
            [
                topics.list_topics,
                sms.get_sms_attributes,
                sms.check_if_phone_number_is_opted_out,
                sms.list_phone_numbers_opted_out,
                sms.list_origination_numbers,
                sms.get_sms_sandbox_account_status,
                sms.list_sms_sandbox_phone_numbers,
            ],
            reads=True,
        ),
        Operations(
            [
                subscriptions.list_subscriptions,
                push.list_platform_applications,
                sms.set_sms_attributes,
                sms.opt_in_phone_number,
                sms.create_sms_sandbox_phone_number,
                sms.verify_sms_sandbox_phone_number,
                sms.delete_sms_sandbox_phone_number,
            ]
        ),
        Operations([push.create_platform_application], about=push.the_named_application),
        Operations(
            [
                push.delete_platform_application,
                push.set_platform_application_attributes,
                push.create_platform_endpoint,
            ],
            about=push.the_application,
        ),
        Operations(
            [
                push.get_platform_application_attributes,
                push.list_endpoints_by_platform_application,
            ],
            about=push.the_application,
            reads=True,
        ),
        Operations(
            [push.delete_endpoint, push.set_endpoint_attributes],
            about=push.the_application_of_an_endpoint,
        ),
        Operations(
            [push.get_endpoint_attributes], about=push.the_application_of_an_endpoint, reads=True
        ),
        Operations(
            [
                topics.delete_topic,
                topics.set_topic_attributes,
                permissions.add_permission,
                permissions.remove_permission,
                subscriptions.subscribe,
                confirmations.confirm_subscription,
            ],
            about=the_topic,
        ),
        Operations([publishing.publish_batch], about=the_topic, prepare=preparations.prepare_batch),
        Operations(
            [topics.get_topic_attributes, subscriptions.list_subscriptions_by_topic],
            about=the_topic,
            reads=True,
        ),
        Operations(
            [publishing.publish], about=publishing.the_target, prepare=preparations.prepare_publish
        ),
        Operations(
            [subscriptions.unsubscribe, subscriptions.set_subscription_attributes],
            about=the_topic_of_a_subscription,
        ),
        Operations(
            [subscriptions.get_subscription_attributes],
            about=the_topic_of_a_subscription,
            reads=True,
        ),
        Operations([topic_tags.tag_resource, topic_tags.untag_resource], about=the_tagged_topic),
        Operations([topic_tags.list_tags_for_resource], about=the_tagged_topic, reads=True),
        Operations([data_protection.put_data_protection_policy], about=the_tagged_topic),
        Operations(
            [data_protection.get_data_protection_policy], about=the_tagged_topic, reads=True
        ),
    ],
    targets=[Target("sns", accept=publishing.accept)],
    timers=[
        Timer(topics.DROP_TIMER, topics.drop),
        Timer(push.DROP_TIMER, push.drop),
        Timer(confirmations.EXPIRE_TIMER, subscriptions.expire),
        Timer(fan_out.TIMER, fan_out.go_on),
        Timer(fifo.FORGET_TIMER, fifo.forget),
        Timer(fifo.ARCHIVE_TIMER, fifo.expire),
        Timer(http_deliveries.TIMER, http_deliveries.attempt),
        Timer(replays.TIMER, replays.go_on),
    ],
    endpoints=[
        Endpoint("sns certificate", signing.matches, signing.answer, paths=[PATH]),
        Endpoint("sns links", links.matches, links.answer, paths=["/"]),
    ],
    resource_types=[resources.TOPIC, resources.SUBSCRIPTION, resources.TOPIC_POLICY],
    # docs: sns-access-policy-language-api-permissions-reference
    iam_actions={"PublishBatch": "sns:Publish"},
    start=signing.start,
    stop=signing.stop,
)
