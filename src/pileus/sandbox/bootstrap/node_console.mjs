// How a Node.js function's console reaches the log: whole records, as text or as JSON.

import fs from "node:fs";
import process from "node:process";
import util from "node:util";

// The host's mark of a record that may span lines, then the record's length.
const FRAME = Buffer.from([0xa5, 0x5a, 0x00, 0x03]);
const PAUSE = new Int32Array(new SharedArrayBuffer(4));
const LEVELS = {
  trace: "TRACE", debug: "DEBUG", log: "INFO", info: "INFO", warn: "WARN", error: "ERROR",
  fatal: "FATAL",
};
const ORDER = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const shared = { state: undefined };

export function patchConsole(state) {
  shared.state = state;
  const least = ORDER.indexOf(process.env.AWS_LAMBDA_LOG_LEVEL ?? "TRACE");
  for (const [method, level] of Object.entries(LEVELS)) {
    const isShown = ORDER.indexOf(level) >= least;
    console[method] = isShown ? (...parts) => write(level, parts) : () => {};
  }
}

const SDK = /^Cannot find (?:module|package) '(@aws-sdk\/[^']*|@smithy\/[^']*|aws-sdk(?:\/[^']*)?)'/;

/** On AWS the SDK is there; here somebody has to install it. */
function hintOf(error) {
  const missing = SDK.exec((error?.message ?? "").replace(/^Error: /, ""))?.[1];
  if (!missing) return undefined;
  const [scope, name] = missing.split("/");
  const wanted = scope.startsWith("@") ? `${scope}/${name}` : "--with-v2";
  return (
    `Pileus: ${missing} is not installed on this machine. \`pileus install-sdk\` installs the ` +
    `most used clients of AWS's SDK, and \`pileus install-sdk ${wanted}\` this one.`
  );
}

/** AWS's line about an error that nobody caught. */
export function logError(title, error) {
  const hint = hintOf(error);
  if (hint) writeRecord(hint);
  if (isJson()) {
    writeRecord(JSON.stringify({ ...head("ERROR"), message: inJson(error) }));
  } else {
    writeText("ERROR", `${title} \t${JSON.stringify(inText(error))}`);
  }
}

function isJson() {
  return process.env.AWS_LAMBDA_LOG_FORMAT === "JSON";
}

function head(level) {
  const { requestId } = shared.state;
  return { timestamp: new Date().toISOString(), level, requestId };
}

function write(level, parts) {
  if (!isJson()) {
    writeText(level, util.format(...parts));
    return;
  }
  const record = { ...head(level), message: util.format(...parts) };
  const error = parts.find((part) => part instanceof Error);
  if (error) Object.assign(record, inJson(error));
  if (parts.length === 1 && !error) [record.message] = parts;
  writeRecord(asJson(record));
}

function asJson(record) {
  try {
    return JSON.stringify(record);
  } catch {
    return JSON.stringify({ ...record, message: util.format(record.message) });
  }
}

function writeText(level, message) {
  const { timestamp, requestId } = head(level);
  writeRecord(`${timestamp}\t${requestId}\t${level}\t${message}`);
}

function inJson(error) {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error) };
  const stackTrace = (error.stack ?? "").split("\n").slice(1).map((line) => line.trim());
  return { errorType: error.name, errorMessage: error.message, stackTrace };
}

function inText(error) {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error) };
  const shown = { errorType: error.name, errorMessage: error.message };
  if (error.code) shown.code = error.code;
  if (error.reason !== undefined) shown.reason = inText(error.reason);
  if (error.promise !== undefined) shown.promise = {};
  shown.stack = (error.stack ?? "").split("\n");
  return shown;
}

function writeRecord(text) {
  const body = Buffer.from(text, "utf8");
  const frame = Buffer.alloc(FRAME.length + 4);
  FRAME.copy(frame);
  frame.writeUInt32BE(body.length, FRAME.length);
  writeAll(Buffer.concat([frame, body]));
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
