"""Lambda's table of contents."""

from __future__ import annotations

from pileus.kernel.service import Endpoint, Operations, Service, Target, Timer, Worker
from pileus.services.lambda_ import resources
from pileus.services.lambda_.asynchronous import events, invoke_configs
from pileus.services.lambda_.capacity import capacity_providers, scaling
from pileus.services.lambda_.capacity import keeper as capacity_keeper
from pileus.services.lambda_.capacity import rules as capacity_rules
from pileus.services.lambda_.code_signing import signed_functions, signing_configs
from pileus.services.lambda_.durable import (
    callbacks,
    chained,
    checkpoints,
    endings,
    execution_names,
    journal,
    pauses,
    readings,
    runs,
    starts,
)
from pileus.services.lambda_.functions import (
    code_locations,
    concurrency,
    functions,
    permissions,
    recursion,
    resource_policies,
    runtime_management,
    tagging,
    updates,
)
from pileus.services.lambda_.functions.function_names import function_of
from pileus.services.lambda_.layers import (
    layer_names,
    layer_permissions,
    layer_versions,
    package_users,
)
from pileus.services.lambda_.mappings import mappings, poller
from pileus.services.lambda_.provisioned import keeper, provisioned
from pileus.services.lambda_.running import emulator, invocations, platform, streamed_invocations
from pileus.services.lambda_.snap_start import snapshots
from pileus.services.lambda_.urls import endpoint, url_configs
from pileus.services.lambda_.urls.url_ids import HOST_PART
from pileus.services.lambda_.versions import aliases, versions

LAMBDA = Service(
    name="lambda",
    package=__package__,
    operations=[
        Operations(
            [
                functions.create_function,
                functions.get_function,
                functions.delete_function,
                updates.update_function_code,
                updates.update_function_configuration,
                concurrency.put_function_concurrency,
                concurrency.get_function_concurrency,
                concurrency.delete_function_concurrency,
                recursion.put_function_recursion_config,
                runtime_management.put_runtime_management_config,
                signed_functions.put_function_code_signing_config,
                signed_functions.delete_function_code_signing_config,
                versions.publish_version,
                aliases.create_alias,
                aliases.update_alias,
                aliases.delete_alias,
                provisioned.put_provisioned_concurrency_config,
                provisioned.get_provisioned_concurrency_config,
                provisioned.list_provisioned_concurrency_configs,
                provisioned.delete_provisioned_concurrency_config,
                permissions.add_permission,
                permissions.remove_permission,
                invocations.invoke,
                invocations.invoke_async,
                streamed_invocations.invoke_with_response_stream,
                invoke_configs.put_function_event_invoke_config,
                invoke_configs.update_function_event_invoke_config,
                invoke_configs.delete_function_event_invoke_config,
                url_configs.create_function_url_config,
                url_configs.update_function_url_config,
                url_configs.delete_function_url_config,
            ],
            about=function_of,
        ),
        Operations(
            [
                functions.get_function_configuration,
                versions.list_versions_by_function,
                recursion.get_function_recursion_config,
                runtime_management.get_runtime_management_config,
                signed_functions.get_function_code_signing_config,
                aliases.get_alias,
                aliases.list_aliases,
                permissions.get_policy,
                invoke_configs.get_function_event_invoke_config,
                invoke_configs.list_function_event_invoke_configs,
                url_configs.get_function_url_config,
                url_configs.list_function_url_configs,
                readings.list_durable_executions_by_function,
            ],
            about=function_of,
            reads=True,
        ),
        Operations(
            [resource_policies.put_resource_policy, resource_policies.delete_resource_policy],
            about=resource_policies.function_of,
        ),
        Operations(
            [resource_policies.get_resource_policy],
            about=resource_policies.function_of,
            reads=True,
        ),
        Operations(
            [
                layer_versions.publish_layer_version,
                layer_versions.delete_layer_version,
                layer_permissions.add_layer_version_permission,
                layer_permissions.remove_layer_version_permission,
            ],
            about=layer_names.layer_of,
        ),
        Operations(
            [
                layer_versions.get_layer_version,
                layer_versions.list_layer_versions,
                layer_permissions.get_layer_version_policy,
            ],
            about=layer_names.layer_of,
            reads=True,
        ),
        Operations(
            [layer_versions.get_layer_version_by_arn], about=layer_names.layer_of_arn, reads=True
        ),
        Operations([layer_versions.list_layers]),
        Operations(
            [
                functions.list_functions,
                concurrency.get_account_settings,
                signing_configs.create_code_signing_config,
                signing_configs.list_code_signing_configs,
            ]
        ),
        Operations(
            [
                signing_configs.update_code_signing_config,
                signing_configs.delete_code_signing_config,
                signing_configs.list_functions_by_code_signing_config,
            ],
            about=signing_configs.config_of,
        ),
        Operations(
            [signing_configs.get_code_signing_config], about=signing_configs.config_of, reads=True
        ),
        Operations(
            [
                checkpoints.checkpoint_durable_execution,
                endings.stop_durable_execution,
                endings.delete_durable_execution,
                pauses.pause_durable_execution,
                pauses.resume_durable_execution,
            ],
            about=execution_names.execution_of,
        ),
        Operations(
            [
                checkpoints.get_durable_execution_state,
                readings.get_durable_execution,
                readings.get_durable_execution_history,
            ],
            about=execution_names.execution_of,
            reads=True,
        ),
        Operations(
            [
                callbacks.send_durable_execution_callback_success,
                callbacks.send_durable_execution_callback_failure,
                callbacks.send_durable_execution_callback_heartbeat,
            ],
            about=execution_names.callback_of,
        ),
        Operations(
            [
                capacity_providers.create_capacity_provider,
                capacity_providers.update_capacity_provider,
                capacity_providers.delete_capacity_provider,
                capacity_providers.list_function_versions_by_capacity_provider,
            ],
            about=capacity_providers.provider_of,
        ),
        Operations(
            [capacity_providers.get_capacity_provider],
            about=capacity_providers.provider_of,
            reads=True,
        ),
        Operations([capacity_providers.list_capacity_providers]),
        Operations([scaling.put_function_scaling_config], about=function_of),
        Operations([scaling.get_function_scaling_config], about=function_of, reads=True),
        Operations([tagging.tag_resource, tagging.untag_resource], about=tagging.resource_of),
        Operations([tagging.list_tags], about=tagging.resource_of, reads=True),
        Operations(
            [
                mappings.create_event_source_mapping,
                mappings.get_event_source_mapping,
                mappings.list_event_source_mappings,
                mappings.update_event_source_mapping,
                mappings.delete_event_source_mapping,
            ],
            about=tagging.about_mappings,
        ),
    ],
    targets=[Target("lambda", accept=events.accept_delivery)],
    timers=[
        Timer(functions.STATE_TIMER, functions.end_transition),
        Timer(functions.SWEEP_TIMER, functions.sweep),
        Timer(versions.STATE_TIMER, versions.end_transition),
        Timer(versions.SNAPSHOT_TIMER, snapshots.make),
        Timer(events.TIMER, events.run),
        Timer(mappings.STATE_TIMER, mappings.settle),
        Timer(capacity_providers.STATE_TIMER, capacity_providers.end_transition),
        Timer(package_users.TIMER, package_users.check),
        Timer(journal.RUN_TIMER, runs.run),
        Timer(journal.DUE_TIMER, chained.fall_due),
        Timer(journal.CHAIN_TIMER, chained.run),
        Timer(journal.ANSWER_TIMER, chained.answer),
        Timer(journal.TIMEOUT_TIMER, endings.time_out),
        Timer(journal.EXPIRY_TIMER, endings.expire),
    ],
    workers=[
        Worker(mappings.WORKER, poller.poll),
        Worker(provisioned.WORKER, keeper.keep),
        Worker(capacity_rules.WORKER, capacity_keeper.keep),
    ],
    endpoints=[
        Endpoint(
            "lambda code",
            code_locations.matches,
            code_locations.answer,
            paths=[code_locations.PREFIX],
        ),
        Endpoint("function url", endpoint.matches, endpoint.answer, HOST_PART),
        Endpoint(
            "emulator",
            emulator.matches,
            emulator.answer,
            paths=[emulator.PATH],
            admits_any_origin=False,
        ),
    ],
    resource_types=[
        resources.FUNCTION,
        resources.EVENT_SOURCE_MAPPING,
        resources.PERMISSION,
        resources.EVENT_INVOKE_CONFIG,
        resources.VERSION,
        resources.ALIAS,
        resources.CODE_SIGNING_CONFIG,
        resources.CAPACITY_PROVIDER,
        resources.LAYER_VERSION,
        resources.LAYER_VERSION_PERMISSION,
        resources.URL,
    ],
    # docs: service-authorization/latest/reference/list_awslambda
    iam_actions={
        "Invoke": "lambda:InvokeFunction",
        "InvokeAsync": "lambda:InvokeFunction",
        "InvokeWithResponseStream": "lambda:InvokeFunction",
        "GetLayerVersionByArn": "lambda:GetLayerVersion",
    },
    # AWS's own limit: 50 MB of a package in base64, and the rest of the request.
    body_limits={"/2015-03-31/functions": 70_167_211, "/2018-10-31/layers": 70_167_211},
    pages={"lambda": lambda call: platform.platform_of(call).show()},
    start=starts.start_platform,
    stop=platform.stop,
)
