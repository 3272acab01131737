package pileus.runtime;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What went wrong, in the form of AWS's error documents for Java. */
final class Failure {
    private static final String OWN = Failure.class.getPackage().getName() + ".";
    private static final int CAUSES_MAX = 50;

    final String errorType;
    final byte[] document;
    final String text;

    Failure(Throwable error) {
        trim(error, 0);
        errorType = error.getClass().getName();
        document = Json.write(describe(error, 0)).getBytes(StandardCharsets.UTF_8);
        StringWriter trace = new StringWriter();
        error.printStackTrace(new PrintWriter(trace, true));
        text = error.getMessage() + ": " + errorType + "\n" + trace;
    }

    /** Leave out the frames by which we called the handler. */
    private static void trim(Throwable error, int depth) {
        StackTraceElement[] frames = error.getStackTrace();
        int end = 0;
        while (end < frames.length && !frames[end].getClassName().startsWith(OWN)) end++;
        while (end > 0 && isReflection(frames[end - 1].getClassName())) end--;
        error.setStackTrace(Arrays.copyOf(frames, end));
        if (error.getCause() != null && depth < CAUSES_MAX) trim(error.getCause(), depth + 1);
    }

    private static boolean isReflection(String name) {
        return name.startsWith("java.lang.reflect.") || name.startsWith("jdk.internal.reflect.")
            || name.startsWith("java.base/") || name.startsWith("sun.reflect.");
    }

    private static Map<String, Object> describe(Throwable error, int depth) {
        Map<String, Object> found = new LinkedHashMap<>();
        found.put("errorMessage", error.getMessage());
        found.put("errorType", error.getClass().getName());
        List<Object> frames = new ArrayList<>();
        for (StackTraceElement frame : error.getStackTrace()) frames.add(frame.toString());
        found.put("stackTrace", frames);
        if (error.getCause() != null && depth < CAUSES_MAX) {
            found.put("cause", describe(error.getCause(), depth + 1));
        }
        return found;
    }
}
