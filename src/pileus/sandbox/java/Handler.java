package pileus.runtime;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/** The method that `package.Class::method` means, and how it is called. */
final class Handler {
    private static final String CORE = "com.amazonaws.services.lambda.runtime.";

    private final Class<?> contextType;
    private Object target;
    private Method method;
    private Type inputType;

    Handler(String name) throws Throwable {
        ClassLoader loader = Handler.class.getClassLoader();
        contextType = loader.loadClass(CORE + "Context");
        String[] parts = name.split("::", 2);
        Class<?> type;
        try {
            type = Class.forName(parts[0], true, loader);
        } catch (ClassNotFoundException error) {
            throw new ClassNotFoundException("Class not found: " + parts[0]);
        }
        if (parts.length == 1) resolveInterface(type, loader);
        else resolveMethod(type, parts[1]);
        if (!Modifier.isStatic(method.getModifiers())) target = instance(type);
        method.setAccessible(true);
    }

    Class<?> contextType() {
        return contextType;
    }

    private static Object instance(Class<?> type) throws Throwable {
        try {
            return type.getConstructor().newInstance();
        } catch (NoSuchMethodException error) {
            throw new NoSuchMethodException("Class " + type.getName() + " has no public zero-argument constructor");
        } catch (InvocationTargetException error) {
            throw error.getCause();
        }
    }

    private void resolveInterface(Class<?> type, ClassLoader loader) throws ReflectiveOperationException {
        Class<?> streams = loader.loadClass(CORE + "RequestStreamHandler");
        Class<?> objects = loader.loadClass(CORE + "RequestHandler");
        if (streams.isAssignableFrom(type)) {
            method = streams.getMethod("handleRequest", InputStream.class, OutputStream.class, contextType);
        } else if (objects.isAssignableFrom(type)) {
            method = objects.getMethod("handleRequest", Object.class, contextType);
            inputType = argument(type, objects);
        } else {
            resolveMethod(type, "handleRequest");
        }
    }

    /** What stands for the input's type parameter, looked for through all classes above. */
    private static Type argument(Class<?> type, Class<?> wanted) {
        Map<Type, Type> known = new HashMap<>();
        Type found = search(type, wanted, known);
        while (found instanceof TypeVariable && known.containsKey(found)) found = known.get(found);
        return found == null ? Object.class : found;
    }

    private static Type search(Type type, Class<?> wanted, Map<Type, Type> known) {
        if (type == null) return null;
        Class<?> raw;
        if (type instanceof ParameterizedType) {
            raw = (Class<?>) ((ParameterizedType) type).getRawType();
            Type[] arguments = ((ParameterizedType) type).getActualTypeArguments();
            for (int place = 0; place < arguments.length; place++) {
                known.put(raw.getTypeParameters()[place], arguments[place]);
            }
            if (raw == wanted) return arguments[0];
        } else {
            raw = (Class<?>) type;
        }
        for (Type above : raw.getGenericInterfaces()) {
            Type found = search(above, wanted, known);
            if (found != null) return found;
        }
        return search(raw.getGenericSuperclass(), wanted, known);
    }

    private void resolveMethod(Class<?> type, String name) throws NoSuchMethodException {
        for (Method each : type.getMethods()) {
            boolean isPossible = each.getName().equals(name) && !each.isBridge() && fits(each);
            if (isPossible && (method == null || each.getParameterCount() > method.getParameterCount())) {
                method = each;
            }
        }
        if (method == null) {
            throw new NoSuchMethodException("No public method named " + name
                + " with appropriate method signature found on class " + type.getName());
        }
        boolean hasInput = method.getParameterCount() > 0 && !isStreaming();
        if (hasInput) inputType = method.getGenericParameterTypes()[0];
    }

    private boolean fits(Method each) {
        Class<?>[] types = each.getParameterTypes();
        boolean hasStreams = types.length > 1 && types[0] == InputStream.class && types[1] == OutputStream.class;
        int events = hasStreams ? 2 : 1;
        return types.length <= events || types.length == events + 1 && types[events] == contextType;
    }

    private boolean isStreaming() {
        Class<?>[] types = method.getParameterTypes();
        return types.length > 1 && types[0] == InputStream.class && types[1] == OutputStream.class;
    }

    byte[] call(byte[] event, Object context) throws Throwable {
        int count = method.getParameterCount();
        try {
            if (isStreaming()) {
                ByteArrayOutputStream out = new ByteArrayOutputStream();
                InputStream in = new ByteArrayInputStream(event);
                if (count == 2) method.invoke(target, in, out);
                else method.invoke(target, in, out, context);
                return out.toByteArray();
            }
            Object[] arguments = new Object[count];
            if (count == 2) arguments[1] = context;
            if (count > 0) arguments[0] = count == 1 && inputType == contextType ? context : input(event);
            return output(method.invoke(target, arguments));
        } catch (InvocationTargetException error) {
            throw error.getCause();
        }
    }

    private Object input(byte[] event) {
        try {
            return Beans.typed(Json.read(new String(event, StandardCharsets.UTF_8)), inputType);
        } catch (ReflectiveOperationException | RuntimeException error) {
            throw new RuntimeException("An error occurred during JSON parsing", error);
        }
    }

    private static byte[] output(Object result) {
        try {
            return Json.write(Beans.plain(result, 0)).getBytes(StandardCharsets.UTF_8);
        } catch (ReflectiveOperationException | RuntimeException error) {
            throw new RuntimeException("An error occurred during JSON serialization of response", error);
        }
    }
}
