// The life of a Node.js runtime: INIT, then one invocation after another.

import process from "node:process";
import { installClock } from "./node_clock.mjs";
import { patchConsole, logError } from "./node_console.mjs";
import { makeContext } from "./node_context.mjs";
import { describe, HandlerError, loadHandler } from "./node_handler.mjs";
import { RuntimeClient, valueIn } from "./node_client.mjs";
import { highWaterMarkOf, installGlobal, isStreaming, ResponseStream } from "./node_stream.mjs";

const CALLBACKS_END_WITH = 24;
const CRASHED = 129;
const REJECTED = 128;

// `whenEmpty` is called where nothing is left to do while a handler runs.
const state = { requestId: undefined, whenEmpty: undefined };

async function main() {
  installClock();
  patchConsole(state);
  installGlobal();
  const client = new RuntimeClient();
  process.on("uncaughtException", (error) => crash(client, "Uncaught Exception", error, CRASHED));
  process.on("unhandledRejection", (reason, promise) => {
    const error = new HandlerError("Runtime.UnhandledPromiseRejection", String(reason));
    error.reason = reason;
    error.promise = promise;
    error.stack = `${error.name}: ${error.message}\n` + callers(reason);
    crash(client, "Unhandled Promise Rejection", error, REJECTED);
  });
  process.on("beforeExit", () => state.whenEmpty?.());
  const handler = await init(client);
  let event = await client.next();
  for (;;) event = await invoke(client, handler, event.head, event.body);
}

function callers(reason) {
  const stack = reason instanceof Error ? reason.stack : "";
  return stack.split("\n").slice(1).join("\n");
}

async function init(client) {
  try {
    const handler = await loadHandler(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER ?? "");
    refuseCallbacks(handler);
    return handler;
  } catch (error) {
    logError("Uncaught Exception", error);
    await client.failInit(describe(error));
    return process.exit(1);
  }
}

function refuseCallbacks(handler) {
  const major = Number(process.versions.node.split(".")[0]);
  if (major >= CALLBACKS_END_WITH && handler.length >= 3) {
    throw new HandlerError(
      "Runtime.CallbackHandlerDeprecated",
      "AWS Lambda has removed support for callback-based function handlers starting with " +
        "Node.js 24. You need to modify this function to use a supported handler signature to " +
        "use Node.js 24 or later.",
    );
  }
}

/** Run one event; the next one. */
async function invoke(client, handler, head, body) {
  const requestId = valueIn(head, "Lambda-Runtime-Aws-Request-Id");
  state.requestId = requestId;
  setTrace(valueIn(head, "Lambda-Runtime-Trace-Id"));
  // While a handler runs, this connection must not keep the event loop from running empty.
  client.unref();
  const stream = isStreaming(handler)
    ? new ResponseStream(client, requestId, highWaterMarkOf(handler))
    : null;
  const outcome = stream
    ? await runStreaming(handler, head, body, stream)
    : await run(handler, head, body);
  client.ref();
  if (outcome.error) {
    logError("Invoke Error", outcome.error);
    await (stream ?? client).fail(requestId, describe(outcome.error));
  } else if (!stream) {
    return client.respondAndNext(requestId, outcome.payload);
  }
  return client.next();
}

function setTrace(trace) {
  if (trace) {
    process.env._X_AMZN_TRACE_ID = trace;
  } else {
    delete process.env._X_AMZN_TRACE_ID;
  }
}

function run(handler, head, body) {
  return new Promise((resolve) => {
    let result = null;
    const finish = (error, value) => {
      state.whenEmpty = undefined;
      resolve(error ? { error } : marshal(value));
    };
    // A handler without a promise is over at its callback, or when nothing is left to do.
    const whenEmpty = () => finish(result?.error, result?.value);
    const context = makeContext(head, (error, value) => {
      if (result !== null) return;
      const failure = error === null || error === undefined ? null : asError(error);
      result = { error: failure, value };
      if (!context.callbackWaitsForEmptyEventLoop) finish(failure, value);
    });
    state.whenEmpty = whenEmpty;
    try {
      const returned = handler(JSON.parse(body), context.visible, context.callback);
      if (typeof returned?.then === "function") {
        returned.then((value) => finish(null, value), (error) => finish(asError(error)));
      }
    } catch (error) {
      finish(asError(error));
    }
  });
}

/** A streaming handler is over when it has returned and its stream has ended. */
function runStreaming(handler, head, body, stream) {
  const context = makeContext(head, () => {});
  return new Promise((resolve) => {
    const finish = (error) => {
      state.whenEmpty = undefined;
      resolve({ error });
    };
    // Nothing is left to do: if the stream has not ended, nothing can end it.
    const whenEmpty = () =>
      finish(stream.writableFinished ? null : new Error("Response stream is not finished."));
    state.whenEmpty = whenEmpty;
    const run = async () => {
      const returned = handler(JSON.parse(body), stream, context.visible);
      if (typeof returned?.then !== "function") {
        throw new Error("Streaming does not support non-async handlers.");
      }
      await returned;
      if (stream.destroyed || stream.writableFinished) whenEmpty();
      else stream.once("finish", () => finish()).once("close", whenEmpty);
    };
    run().catch((error) => finish(asError(error)));
  });
}

function asError(error) {
  return error instanceof Error ? error : Object.assign(new Error(String(error)), { bare: true });
}

function marshal(value) {
  try {
    return { payload: JSON.stringify(value === undefined ? null : value) };
  } catch {
    return { error: new Error("Unable to stringify response body") };
  }
}

async function crash(client, title, error, status) {
  client.ref();
  logError(title, error);
  if (state.requestId) await client.fail(state.requestId, describe(error), true);
  process.exit(status);
}

await main();
