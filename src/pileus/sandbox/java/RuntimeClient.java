package pileus.runtime;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** The runtime's end of the Runtime API: HTTP/1.1 on one connection, kept open. */
final class RuntimeClient {
    private static final String PATH = "/2018-06-01/runtime";

    private final String host;
    private final InputStream in;
    private final OutputStream out;

    /** One event with what the platform says about it. */
    static final class Invocation {
        final Map<String, String> headers;
        final byte[] event;

        Invocation(Map<String, String> headers, byte[] event) {
            this.headers = headers;
            this.event = event;
        }

        String requestId() {
            return headers.get("lambda-runtime-aws-request-id");
        }
    }

    RuntimeClient(String host) throws IOException {
        this.host = host;
        int colon = host.lastIndexOf(':');
        Socket socket = new Socket(host.substring(0, colon), Integer.parseInt(host.substring(colon + 1)));
        socket.setTcpNoDelay(true);
        in = new BufferedInputStream(socket.getInputStream(), 1 << 16);
        out = socket.getOutputStream();
    }

    Invocation next() throws IOException {
        send("GET " + PATH + "/invocation/next HTTP/1.1\r\nHost: " + host + "\r\n\r\n", new byte[0]);
        return read();
    }

    void respond(String requestId, byte[] body) throws IOException {
        post("/invocation/" + requestId + "/response", body, "");
    }

    void fail(String requestId, byte[] body, String errorType, boolean isLast) throws IOException {
        String header = "Lambda-Runtime-Function-Error-Type: " + errorType + "\r\n";
        post("/invocation/" + requestId + "/error", body, isLast ? header + "Pileus-Last: 1\r\n" : header);
    }

    void failInit(byte[] body, String errorType) throws IOException {
        post("/init/error", body, "Lambda-Runtime-Function-Error-Type: " + errorType + "\r\n");
    }

    /** Say that a snapshot may be taken; returns when life goes on. */
    void restoreNext() throws IOException {
        send("GET " + PATH + "/restore/next HTTP/1.1\r\nHost: " + host + "\r\n\r\n", new byte[0]);
        read();
    }

    void failRestore(byte[] body, String errorType) throws IOException {
        post("/restore/error", body, "Lambda-Runtime-Function-Error-Type: " + errorType + "\r\n");
    }

    private void post(String path, byte[] body, String headers) throws IOException {
        send("POST " + PATH + path + " HTTP/1.1\r\nHost: " + host + "\r\n" + headers
            + "Content-Length: " + body.length + "\r\n\r\n", body);
        read();
    }

    private void send(String head, byte[] body) throws IOException {
        ByteArrayOutputStream request = new ByteArrayOutputStream(head.length() + body.length);
        request.write(head.getBytes(StandardCharsets.ISO_8859_1));
        request.write(body);
        request.writeTo(out);
        out.flush();
    }

    private Invocation read() throws IOException {
        line();
        Map<String, String> headers = new HashMap<>();
        for (String line = line(); !line.isEmpty(); line = line()) {
            int colon = line.indexOf(':');
            headers.put(line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).trim());
        }
        byte[] body = new byte[Integer.parseInt(headers.getOrDefault("content-length", "0"))];
        for (int place = 0; place < body.length; ) {
            int count = in.read(body, place, body.length - place);
            if (count < 0) throw new EOFException();
            place += count;
        }
        return new Invocation(headers, body);
    }

    private String line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int next = in.read(); next != '\n'; next = in.read()) {
            if (next < 0) throw new EOFException();
            if (next != '\r') line.write(next);
        }
        return new String(line.toByteArray(), StandardCharsets.UTF_8);
    }
}
