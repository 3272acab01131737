"""EventBridge Schemas: registries, schemas with versions, discovery and code bindings."""
