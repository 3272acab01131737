package pileus.runtime;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.Map;

/**
 * The object that a handler gets beside its event. Its interface is the one that the package
 * brings, whichever version that is, and is therefore met at run time.
 */
final class Contexts {
    private final Class<?> type;
    private final LogWriter log;
    private final Map<String, String> environ = System.getenv();

    Contexts(Class<?> type, LogWriter log) {
        this.type = type;
        this.log = log;
    }

    Object make(RuntimeClient.Invocation invocation) {
        Map<String, String> headers = invocation.headers;
        long deadline = Long.parseLong(headers.getOrDefault("lambda-runtime-deadline-ms", "0"));
        Map<String, Object> members = new HashMap<>();
        members.put("getAwsRequestId", invocation.requestId());
        members.put("getLogGroupName", environ.get("AWS_LAMBDA_LOG_GROUP_NAME"));
        members.put("getLogStreamName", environ.get("AWS_LAMBDA_LOG_STREAM_NAME"));
        members.put("getFunctionName", environ.get("AWS_LAMBDA_FUNCTION_NAME"));
        members.put("getFunctionVersion", environ.get("AWS_LAMBDA_FUNCTION_VERSION"));
        members.put("getInvokedFunctionArn", headers.get("lambda-runtime-invoked-function-arn"));
        members.put("getMemoryLimitInMB", Integer.valueOf(environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")));
        members.put("getTenantId", headers.get("lambda-runtime-aws-tenant-id"));
        members.put("getXrayTraceId", headers.get("lambda-runtime-trace-id"));
        String client = headers.get("lambda-runtime-client-context");
        String identity = headers.get("lambda-runtime-cognito-identity");
        return proxy(type, (self, method, arguments) -> {
            switch (method.getName()) {
                case "getRemainingTimeInMillis":
                    return (int) Math.max(0, deadline - System.currentTimeMillis());
                case "getLogger":
                    return proxy(method.getReturnType(), this::callLogger);
                case "getClientContext":
                    return client == null ? null : view(Json.read(client), method.getReturnType());
                case "getIdentity":
                    return identity == null ? null : view(Json.read(identity), method.getReturnType());
                default:
                    return members.get(method.getName());
            }
        });
    }

    private Object callLogger(Object self, Method method, Object[] arguments) {
        if (arguments[0] instanceof byte[]) {
            log.write((byte[]) arguments[0]);
        } else {
            log.log((String) arguments[0], arguments.length > 1 ? String.valueOf(arguments[1]) : "");
        }
        return null;
    }

    /** `getAppTitle` is the document's `app_title` or `appTitle`; `getIdentityId` its `cognitoIdentityId`. */
    private static Object view(Object json, Class<?> type) {
        if (!(json instanceof Map)) return null;
        Map<?, ?> document = (Map<?, ?>) json;
        return proxy(type, (self, method, arguments) -> {
            String name = method.getName().replaceFirst("^get", "").replaceFirst("^Environment$", "Env");
            String camel = name.substring(0, 1).toLowerCase() + name.substring(1);
            String snake = camel.replaceAll("([A-Z])", "_$1").toLowerCase();
            Object found = document.containsKey(camel) ? document.get(camel) : document.get(snake);
            if (found == null) found = document.get("cognito" + name);
            boolean isView = method.getReturnType().isInterface() && method.getReturnType() != Map.class;
            return isView ? view(found, method.getReturnType()) : found;
        });
    }

    private static Object proxy(Class<?> type, InvocationHandler behaviour) {
        return Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (self, method, arguments) -> {
            if (method.getDeclaringClass() != Object.class) return behaviour.invoke(self, method, arguments);
            switch (method.getName()) {
                case "hashCode":
                    return System.identityHashCode(self);
                case "equals":
                    return self == arguments[0];
                default:
                    return type.getSimpleName();
            }
        });
    }
}
