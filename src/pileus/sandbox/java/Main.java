package pileus.runtime;

import java.io.EOFException;
import java.io.IOException;

/** The life of a Java runtime: INIT, then one invocation after another. */
public final class Main {
    private static final LogWriter LOG = new LogWriter();

    private Main() {}

    public static void main(String[] arguments) throws IOException {
        RuntimeClient client = new RuntimeClient(System.getenv("AWS_LAMBDA_RUNTIME_API"));
        Handler handler = null;
        try {
            handler = new Handler(System.getenv("_HANDLER"));
        } catch (Throwable error) {
            Failure failure = report(error);
            client.failInit(failure.document, failure.errorType);
            System.exit(1);
        }
        try {
            if (Snapshot.isWanted()) Snapshot.pass(client, Main::report);
            serve(client, handler);
        } catch (EOFException end) {
            System.exit(0);
        }
    }

    private static void serve(RuntimeClient client, Handler handler) throws IOException {
        Contexts contexts = new Contexts(handler.contextType(), LOG);
        while (true) {
            RuntimeClient.Invocation invocation = client.next();
            String requestId = LOG.requestId = invocation.requestId();
            trace(invocation.headers.get("lambda-runtime-trace-id"));
            byte[] answer;
            try {
                answer = handler.call(invocation.event, contexts.make(invocation));
            } catch (Throwable error) {
                boolean isLast = error instanceof VirtualMachineError && !(error instanceof StackOverflowError);
                Failure failure = report(error);
                client.fail(requestId, failure.document, failure.errorType, isLast);
                if (isLast) System.exit(1);
                continue;
            }
            System.out.flush();
            client.respond(requestId, answer);
        }
    }

    /** Where AWS's tracing for Java looks, because a process cannot change its variables. */
    private static void trace(String header) {
        if (header == null) System.clearProperty("com.amazonaws.xray.traceHeader");
        else System.setProperty("com.amazonaws.xray.traceHeader", header);
    }

    private static Failure report(Throwable error) {
        Failure failure = new Failure(error);
        LOG.fail(failure.text);
        return failure;
    }
}
