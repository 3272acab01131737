// The object that a Node.js handler gets beside its event.

import process from "node:process";

/** AWS's members (docs: nodejs-context) and the callback; `done` is called once or more. */
export function makeContext(headers, done) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
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
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parsed(headers["lambda-runtime-client-context"]),
    identity: parsed(headers["lambda-runtime-cognito-identity"]),
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
  return holder;
}

function parsed(text) {
  return text ? JSON.parse(text) : undefined;
}
