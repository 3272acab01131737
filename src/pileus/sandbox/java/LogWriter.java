package pileus.runtime;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes whole records, which may span lines, to the log: what handlers know as LambdaLogger. */
final class LogWriter {
    // The host's mark of a record, then the record's length.
    private static final byte[] FRAME = {(byte) 0xa5, 0x5a, 0x00, 0x03};
    private static final List<String> ORDER = Arrays.asList("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL");

    private final FileOutputStream out = new FileOutputStream(FileDescriptor.out);
    private final boolean isJson = "JSON".equals(System.getenv("AWS_LAMBDA_LOG_FORMAT"));
    private final int least = ORDER.indexOf(System.getenv("AWS_LAMBDA_LOG_LEVEL"));
    volatile String requestId = "";

    /** `level` is empty where the handler named none. */
    void log(String message, String level) {
        int weight = ORDER.indexOf(level);
        if (weight >= 0 && weight < least) return;
        if (isJson) {
            Map<String, Object> record = new LinkedHashMap<>();
            record.put("timestamp", Instant.now().truncatedTo(ChronoUnit.MILLIS).toString());
            record.put("message", message);
            record.put("level", weight < 0 ? "UNDEFINED" : level);
            record.put("AWSRequestId", requestId);
            write(Json.write(record).getBytes(StandardCharsets.UTF_8));
        } else {
            String text = weight < 0 ? message : "[" + level + "] " + message;
            write(String.valueOf(text).getBytes(StandardCharsets.UTF_8));
        }
    }

    /** An error that nobody caught: without a level where the log is text, as AWS writes it. */
    void fail(String text) {
        log(text, isJson ? "ERROR" : "");
    }

    synchronized void write(byte[] record) {
        System.out.flush();
        ByteBuffer frame = ByteBuffer.allocate(FRAME.length + 4 + record.length);
        frame.put(FRAME).putInt(record.length).put(record);
        try {
            out.write(frame.array());
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }
}
