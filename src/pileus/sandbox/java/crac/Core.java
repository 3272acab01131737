package com.amazonaws.services.lambda.crac;

/** What org.crac looks for by the property `org.crac.Core.Compat`. */
public final class Core {
    private static final Context<Resource> GLOBAL = new GlobalContext();

    private Core() {}

    public static Context<Resource> getGlobalContext() {
        return GLOBAL;
    }

    /** Only the platform takes snapshots. */
    public static void checkpointRestore() {
        throw new UnsupportedOperationException();
    }
}
