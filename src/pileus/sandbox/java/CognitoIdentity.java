package com.amazonaws.services.lambda.runtime;

/** Who called through a mobile SDK. */
public interface CognitoIdentity {
    String getIdentityId();

    String getIdentityPoolId();
}
