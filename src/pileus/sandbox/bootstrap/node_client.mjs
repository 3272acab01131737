// The runtime's end of the Runtime API: HTTP/1.1 on the connection that the host has opened.

import net from "node:net";
import process from "node:process";

const CONNECTION = 3;
const PATH = "/2018-06-01/runtime";
const NEXT = `GET ${PATH}/invocation/next HTTP/1.1\r\nHost: 127.0.0.1:9001\r\n\r\n`;
const HEAD_END = Buffer.from("\r\n\r\n");
const LINE_END = Buffer.from("\r\n");
const ERROR = "Lambda-Runtime-Function-Error";
// What a header's value may not hold.
const UNSAFE = /[^\t\x20-\x7e]/g;

export class RuntimeClient {
  constructor() {
    this.received = Buffer.alloc(0);
    this.waiting = null;
    // Answers that nobody waits for, before the one that somebody does.
    this.skipped = 0;
    this.isStreaming = false;
    this.socket = new net.Socket({ fd: CONNECTION, readable: true, writable: true });
    this.socket.on("data", (data) => this.take(data));
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
    this.socket.write(request);
    return new Promise((resolve) => {
      this.waiting = resolve;
      this.deliver();
    });
  }

  take(data) {
    this.received = this.received.length ? Buffer.concat([this.received, data]) : data;
    this.deliver();
  }

  deliver() {
    while (this.waiting && this.deliverOne());
  }

  /** Whether a whole answer was there. */
  deliverOne() {
    const end = this.received.indexOf(HEAD_END);
    if (end < 0) return false;
    const headers = {};
    for (const line of this.received.toString("utf8", 0, end).split("\r\n").slice(1)) {
      const colon = line.indexOf(":");
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    const start = end + HEAD_END.length;
    const stop = start + Number(headers["content-length"] ?? 0);
    if (this.received.length < stop) return false;
    if (this.skipped) {
      this.skipped -= 1;
      this.received = this.received.subarray(stop);
      return true;
    }
    const body = this.received.toString("utf8", start, stop);
    this.received = this.received.subarray(stop);
    const { waiting } = this;
    this.waiting = null;
    waiting({ headers, body });
    return true;
  }
}

function request(path, payload, headers) {
  return (
    `POST ${PATH}${path} HTTP/1.1\r\nHost: 127.0.0.1:9001\r\n${headers}` +
    `Content-Length: ${Buffer.byteLength(payload)}\r\n\r\n${payload}`
  );
}
