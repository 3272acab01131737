package com.amazonaws.services.lambda.runtime;

/** The function's log. */
public interface LambdaLogger {
    void log(String message);

    void log(byte[] message);
}
