// The object that a Node.js handler gets beside its event.

import process from "node:process";
import { valueIn } from "./node_client.mjs";

// Each reading of a variable asks the system.
const { env } = process;
const ALWAYS = {
  functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
  functionName: env.AWS_LAMBDA_FUNCTION_NAME,
  memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
  logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
  logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
};

/** AWS's members (docs: nodejs-context) and the callback; `done` is called once or more. */
export function makeContext(head, done) {
  const deadline = Number(valueIn(head, "Lambda-Runtime-Deadline-Ms"));
  const holder = {
    callbackWaitsForEmptyEventLoop: true,
    callback: (error, value) => done(error, value),
  };
  const endNow = (error, value) => {
    holder.callbackWaitsForEmptyEventLoop = false;
    done(error, value);
  };
  holder.visible = {
    get callbackWaitsForEmptyEventLoop() {
      return holder.callbackWaitsForEmptyEventLoop;
    },
    set callbackWaitsForEmptyEventLoop(value) {
      holder.callbackWaitsForEmptyEventLoop = value;
    },
    succeed: (value) => endNow(null, value),
    fail: (error) => endNow(error ?? "handled"),
    done: (error, value) => endNow(error, value),
    ...ALWAYS,
    clientContext: parsed(valueIn(head, "Lambda-Runtime-Client-Context")),
    identity: parsed(valueIn(head, "Lambda-Runtime-Cognito-Identity")),
    invokedFunctionArn: valueIn(head, "Lambda-Runtime-Invoked-Function-Arn"),
    awsRequestId: valueIn(head, "Lambda-Runtime-Aws-Request-Id"),
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
  return holder;
}

function parsed(text) {
  return text ? JSON.parse(text) : undefined;
}
