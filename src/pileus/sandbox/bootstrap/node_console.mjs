// How a Node.js function's console reaches the log: whole records, in AWS's format.

import fs from "node:fs";
import util from "node:util";

// The host's mark of a record that may span lines, then the record's length.
const FRAME = Buffer.from([0xa5, 0x5a, 0x00, 0x03]);
const PAUSE = new Int32Array(new SharedArrayBuffer(4));
const LEVELS = {
  trace: "TRACE", debug: "DEBUG", info: "INFO", log: "INFO", warn: "WARN", error: "ERROR",
  fatal: "FATAL",
};
const shared = { state: undefined };

export function patchConsole(state) {
  shared.state = state;
  for (const [method, level] of Object.entries(LEVELS)) {
    console[method] = (...parts) => writeRecord(level, util.format(...parts));
  }
}

/** AWS's line about an error that nobody caught. */
export function logError(title, error) {
  writeRecord("ERROR", `${title} \t${JSON.stringify(flat(error))}`);
}

function flat(error) {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error) };
  const shown = { errorType: error.name, errorMessage: error.message };
  if (error.code) shown.code = error.code;
  if (error.reason !== undefined) shown.reason = flat(error.reason);
  if (error.promise !== undefined) shown.promise = {};
  shown.stack = (error.stack ?? "").split("\n");
  return shown;
}

function writeRecord(level, message) {
  const { requestId } = shared.state;
  const text = `${new Date().toISOString()}\t${requestId}\t${level}\t${message}`;
  const body = Buffer.from(text, "utf8");
  const head = Buffer.alloc(FRAME.length + 4);
  FRAME.copy(head);
  head.writeUInt32BE(body.length, FRAME.length);
  writeAll(Buffer.concat([head, body]));
}

function writeAll(data) {
  let place = 0;
  while (place < data.length) {
    try {
      place += fs.writeSync(1, data, place);
    } catch (error) {
      // Standard streams have made the pipe non-blocking: the host reads on meanwhile.
      if (error.code !== "EAGAIN") throw error;
      Atomics.wait(PAUSE, 0, 0, 1);
    }
  }
}
