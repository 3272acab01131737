// Streamed answers: the Writable that a handler gets, and the global `awslambda` that asks for it.

import process from "node:process";
import { Writable } from "node:stream";

const STREAMING = Symbol.for("aws.lambda.runtime.handler.streaming");
const HIGH_WATER_MARK = Symbol.for("aws.lambda.runtime.handler.streaming.highWaterMark");
const DEFAULT_TYPE = "application/octet-stream";
// docs: configuration-response-streaming; what follows a metadata prelude.
const PRELUDE_TYPE = "application/vnd.awslambda.http-integration-response";
const PRELUDE_END = new Uint8Array(8);

export function isStreaming(handler) {
  return handler[STREAMING] === "response";
}

export function highWaterMarkOf(handler) {
  return handler[HIGH_WATER_MARK];
}

function streamifyResponse(handler, options) {
  handler[STREAMING] = "response";
  if (typeof options?.highWaterMark === "number") {
    handler[HIGH_WATER_MARK] = Math.trunc(options.highWaterMark);
  }
  return handler;
}

class HttpResponseStream {
  /** The same stream, whose data follow the status and headers that `metadata` gives. */
  static from(stream, metadata) {
    stream.setContentType(PRELUDE_TYPE);
    stream._onBeforeFirstWrite = (write) => {
      write(JSON.stringify(metadata));
      write(PRELUDE_END);
    };
    return stream;
  }
}

export function installGlobal() {
  if (["1", "true"].includes(process.env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA)) return;
  globalThis.awslambda = { ...globalThis.awslambda, streamifyResponse, HttpResponseStream };
}

class StreamingError extends Error {
  constructor(message) {
    super(message);
    this.name = "Runtime.InvalidStreamingOperation";
  }
}

/** What is written goes to the host at once, and no faster than the host takes it. */
export class ResponseStream extends Writable {
  #client;
  #requestId;
  #contentType = DEFAULT_TYPE;
  #hasBegun = false;
  #error = null;

  constructor(client, requestId, highWaterMark) {
    super({ highWaterMark });
    this.#client = client;
    this.#requestId = requestId;
  }

  setContentType(contentType) {
    if (this.#hasBegun) throw new StreamingError("Cannot set content-type, too late.");
    this.#contentType = contentType;
  }

  /** End with an error, behind what was written before it. */
  fail(requestId, document) {
    const isEmpty = !this.#hasBegun && this.writableLength === 0;
    if (isEmpty || this.destroyed || this.writableFinished) {
      return this.#client.fail(requestId, document);
    }
    this.#error = document;
    return new Promise((resolve) => {
      this.once("close", resolve);
      if (!this.writableEnded) this.end();
    });
  }

  write(chunk, ...rest) {
    const isPlain = typeof chunk === "string" || chunk instanceof Uint8Array;
    return super.write(isPlain ? chunk : JSON.stringify(chunk), ...rest);
  }

  _write(chunk, encoding, done) {
    this.#begin();
    this.#client.sendPiece([chunk], done);
  }

  _writev(chunks, done) {
    this.#begin();
    this.#client.sendPiece(chunks.map((each) => each.chunk), done);
  }

  _final(done) {
    this.#begin();
    const ended = this.#error
      ? this.#client.fail(this.#requestId, this.#error)
      : this.#client.endPieces();
    ended.then(() => {
      // While its handler still runs, the connection must not keep the event loop from emptying.
      if (!this.#error) this.#client.unref();
      done();
    }, done);
  }

  #begin() {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#client.beginPieces(this.#requestId, this.#contentType);
    this._onBeforeFirstWrite?.((data) => this.#client.sendPiece([Buffer.from(data)]));
  }
}
