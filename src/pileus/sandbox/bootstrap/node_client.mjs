// The runtime's end of the Runtime API: HTTP/1.1 on the connection that the host has opened.
//
// Streams would cost more than all the rest of an event. So what is small is written to the
// connection at once, and what comes is read into one buffer.

import fs from "node:fs";
import net from "node:net";
import process from "node:process";

const CONNECTION = 3;
const PATH = "/2018-06-01/runtime";
const NEXT = `GET ${PATH}/invocation/next HTTP/1.1\r\nHost: 127.0.0.1:9001\r\n\r\n`;
const HEAD_END = Buffer.from("\r\n\r\n");
const LINE_END = Buffer.from("\r\n");
const NOTHING = Buffer.alloc(0);
const READ_BYTES = 1 << 16;
// Less than what a connection holds; more would be encoded again for what it does not take.
const AT_ONCE_MAX = 1 << 16;
const ERROR = "Lambda-Runtime-Function-Error";
// What a header's value may not hold.
const UNSAFE = /[^\t\x20-\x7e]/g;
// As it was before a function could replace it.
const { writeSync } = fs;

export class RuntimeClient {
  constructor() {
    this.received = NOTHING;
    this.waiting = null;
    // Answers that nobody waits for, before the one that somebody does.
    this.skipped = 0;
    this.isStreaming = false;
    const onread = {
      buffer: Buffer.alloc(READ_BYTES),
      callback: (size, buffer) => {
        this.take(buffer.subarray(0, size));
        return true;
      },
    };
    this.socket = new net.Socket({ fd: CONNECTION, readable: true, writable: true, onread });
    this.socket.on("close", () => process.exit(0));
    this.socket.on("error", () => process.exit(0));
  }

  ref() {
    this.socket.ref();
  }

  unref() {
    this.socket.unref();
  }

  next() {
    return this.exchange(NEXT);
  }

  /** Post a result; the next invocation. Both requests leave in one write. */
  respondAndNext(requestId, payload) {
    this.skipped += 1;
    return this.exchange(request(`/invocation/${requestId}/response`, payload, "") + NEXT);
  }

  /** `isLast` tells the host that this process will not ask again. */
  fail(requestId, document, isLast = false) {
    const close = isLast ? "Pileus-Last: 1\r\n" : "";
    if (this.isStreaming) {
      const body = Buffer.from(JSON.stringify(document)).toString("base64");
      const kind = document.errorType.replace(UNSAFE, " ");
      return this.endPieces(`${ERROR}-Type: ${kind}\r\n${ERROR}-Body: ${body}\r\n${close}`);
    }
    return this.post(`/invocation/${requestId}/error`, JSON.stringify(document), close);
  }

  failInit(document) {
    return this.post("/init/error", JSON.stringify(document), "");
  }

  post(path, payload, headers) {
    return this.exchange(request(path, payload, headers));
  }

  beginPieces(requestId, contentType) {
    this.isStreaming = true;
    this.socket.write(
      `POST ${PATH}/invocation/${requestId}/response HTTP/1.1\r\nHost: 127.0.0.1:9001\r\n` +
        `Lambda-Runtime-Function-Response-Mode: streaming\r\n` +
        `Content-Type: ${String(contentType).replace(UNSAFE, " ")}\r\n` +
        `Trailer: ${ERROR}-Type, ${ERROR}-Body\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
  }

  /** `done` is called when the host has taken it. */
  sendPiece(buffers, done) {
    const size = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
    if (size === 0) {
      done?.();
      return;
    }
    this.socket.cork();
    this.socket.write(`${size.toString(16)}\r\n`);
    for (const buffer of buffers) this.socket.write(buffer);
    this.socket.write(LINE_END, done);
    this.socket.uncork();
  }

  endPieces(trailers = "") {
    this.isStreaming = false;
    // The answer to it must not be missed because nothing else is left to do.
    this.ref();
    return this.exchange(`0\r\n${trailers}\r\n`);
  }

  exchange(request) {
    this.send(request);
    return new Promise((resolve) => {
      this.waiting = resolve;
      if (this.received.length) this.deliver();
    });
  }

  send(text) {
    if (text.length > AT_ONCE_MAX || this.socket.writableLength) {
      this.socket.write(text);
      return;
    }
    let sent = 0;
    try {
      sent = writeSync(CONNECTION, text);
    } catch (error) {
      // Nobody is at the other end any more.
      if (error.code !== "EAGAIN") process.exit(0);
    }
    // What is not ASCII has more bytes than characters, and is then counted.
    if (sent < text.length || sent < Buffer.byteLength(text)) {
      this.socket.write(Buffer.from(text).subarray(sent));
    }
  }

  /** `data` lies in a buffer that is read into again. */
  take(data) {
    const isPart = this.received.length > 0;
    this.received = isPart ? Buffer.concat([this.received, data]) : data;
    this.deliver();
    if (!isPart && this.received.length) this.received = Buffer.from(this.received);
  }

  deliver() {
    while (this.waiting && this.deliverOne());
  }

  /** Whether a whole answer was there. */
  deliverOne() {
    const { received } = this;
    const end = received.indexOf(HEAD_END);
    if (end < 0) return false;
    const head = received.toString("utf8", 0, end + LINE_END.length);
    const start = end + HEAD_END.length;
    const stop = start + Number(valueIn(head, "Content-Length") ?? 0);
    if (received.length < stop) return false;
    this.received = received.length === stop ? NOTHING : received.subarray(stop);
    if (this.skipped) {
      this.skipped -= 1;
      return true;
    }
    const { waiting } = this;
    this.waiting = null;
    waiting({ head, body: received.toString("utf8", start, stop) });
    return true;
  }
}

/** A header's value; the host writes their names as AWS does. */
export function valueIn(head, name) {
  const place = head.indexOf(`\r\n${name}: `);
  if (place < 0) return undefined;
  const start = place + name.length + 4;
  return head.slice(start, head.indexOf("\r\n", start));
}

function request(path, payload, headers) {
  return (
    `POST ${PATH}${path} HTTP/1.1\r\nHost: 127.0.0.1:9001\r\n${headers}` +
    `Content-Length: ${Buffer.byteLength(payload)}\r\n\r\n${payload}`
  );
}
