package com.amazonaws.services.lambda.crac;

/** What is told of a snapshot: org.crac hands on what functions register with it. */
public interface Resource {
    void beforeCheckpoint(Context<? extends Resource> context) throws Exception;

    void afterRestore(Context<? extends Resource> context) throws Exception;
}
