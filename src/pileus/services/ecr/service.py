"""What ECR consists of: operations, the registry's endpoint, rows, timers. No logic."""

from __future__ import annotations

from pileus.kernel.service import Endpoint, Operations, Service, Timer
from pileus.services.ecr import (
    images,
    layers,
    lifecycle,
    policies,
    repositories,
    resources,
    shelf,
    tagging,
    tokens,
    uploads,
)
from pileus.services.ecr.names import the_registry, the_repository, the_tagged
from pileus.services.ecr.registry import routes

ECR = Service(
    name="ecr",
    package=__package__,
    operations=[
        Operations([repositories.describe_repositories], about=the_registry),
        Operations([tokens.get_authorization_token], reads=True),
        Operations(
            [
                repositories.create_repository,
                repositories.delete_repository,
                repositories.put_image_tag_mutability,
                repositories.put_image_scanning_configuration,
                policies.set_repository_policy,
                policies.delete_repository_policy,
                policies.put_lifecycle_policy,
                policies.delete_lifecycle_policy,
                layers.initiate_layer_upload,
                layers.upload_layer_part,
                layers.complete_layer_upload,
                images.put_image,
                images.batch_get_image,
                images.describe_images,
                images.batch_delete_image,
            ],
            about=the_repository,
        ),
        Operations(
            [
                policies.get_repository_policy,
                policies.get_lifecycle_policy,
                layers.batch_check_layer_availability,
                layers.get_download_url_for_layer,
                images.list_images,
            ],
            about=the_repository,
            reads=True,
        ),
        Operations([tagging.tag_resource, tagging.untag_resource], about=the_tagged),
        Operations([tagging.list_tags_for_resource], about=the_tagged, reads=True),
    ],
    timers=[
        Timer(shelf.LAYER_TIMER, shelf.forget_layer),
        Timer(shelf.REMAINS_TIMER, shelf.clear),
        Timer(uploads.EXPIRY_TIMER, uploads.expire),
        Timer(uploads.REMAINS_TIMER, uploads.clear),
        Timer(lifecycle.TIMER, lifecycle.evaluate),
    ],
    endpoints=[
        Endpoint(
            "ecr registry",
            routes.matches,
            routes.answer,
            paths=routes.PATHS,
            streams=routes.streams,
            admits_any_origin=False,
        )
    ],
    resource_types=resources.RESOURCE_TYPES,
)
