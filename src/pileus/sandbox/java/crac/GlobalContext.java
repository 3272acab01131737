package com.amazonaws.services.lambda.crac;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** docs: lambda/latest/dg/snapstart-runtime-hooks-java, the order of the calls. */
final class GlobalContext extends Context<Resource> {
    private final List<Resource> resources = new ArrayList<>();

    @Override
    public synchronized void register(Resource resource) {
        resources.add(resource);
    }

    private synchronized List<Resource> registered() {
        return new ArrayList<>(resources);
    }

    /** The one registered last comes first. */
    @Override
    public void beforeCheckpoint(Context<? extends Resource> context) throws CheckpointException {
        CheckpointException failed = new CheckpointException();
        List<Resource> reversed = registered();
        Collections.reverse(reversed);
        for (Resource each : reversed) {
            try {
                each.beforeCheckpoint(this);
            } catch (Exception error) {
                if (failed.getCause() == null) failed.initCause(error);
                failed.addSuppressed(error);
            }
        }
        if (failed.getSuppressed().length > 0) throw failed;
    }

    @Override
    public void afterRestore(Context<? extends Resource> context) throws RestoreException {
        RestoreException failed = new RestoreException();
        for (Resource each : registered()) {
            try {
                each.afterRestore(this);
            } catch (Exception error) {
                if (failed.getCause() == null) failed.initCause(error);
                failed.addSuppressed(error);
            }
        }
        if (failed.getSuppressed().length > 0) throw failed;
    }
}
