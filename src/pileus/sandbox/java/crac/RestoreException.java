package com.amazonaws.services.lambda.crac;

/** Resources that failed after a restoration are its suppressed exceptions. */
public class RestoreException extends Exception {
    private static final long serialVersionUID = 1;
}
