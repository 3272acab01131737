package pileus.runtime;

import com.amazonaws.services.lambda.crac.Core;
import java.io.IOException;
import java.util.function.Function;

/** SnapStart: what is registered with org.crac runs before the snapshot and after its restoration. */
final class Snapshot {
    /** How AWS's runtime ends where a hook has failed. */
    private static final int FAILED = 64;

    private Snapshot() {}

    static boolean isWanted() {
        return "snap-start".equals(System.getenv("AWS_LAMBDA_INITIALIZATION_TYPE"));
    }

    /** Let a snapshot be taken here, and go on when it is restored. */
    static void pass(RuntimeClient client, Function<Throwable, Failure> report) throws IOException {
        try {
            Core.getGlobalContext().beforeCheckpoint(null);
        } catch (Throwable error) {
            client.failInit(report.apply(error).document, "Runtime.BeforeCheckpointError");
            System.exit(FAILED);
        }
        System.out.flush();
        client.restoreNext();
        try {
            Core.getGlobalContext().afterRestore(null);
        } catch (Throwable error) {
            client.failRestore(report.apply(error).document, "Runtime.AfterRestoreError");
            System.exit(FAILED);
        }
    }
}
