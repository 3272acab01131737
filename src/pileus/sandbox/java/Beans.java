package pileus.runtime;

import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Calendar;
import java.util.Collection;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Turns JSON into the types that handlers declare, and what they return into JSON. */
final class Beans {
    private static final int DEPTH_MAX = 500;

    private Beans() {}

    static Object typed(Object json, Type type) throws ReflectiveOperationException {
        if (type instanceof ParameterizedType) return generic(json, (ParameterizedType) type);
        if (type instanceof WildcardType) return typed(json, ((WildcardType) type).getUpperBounds()[0]);
        if (type instanceof TypeVariable) return typed(json, ((TypeVariable<?>) type).getBounds()[0]);
        if (type instanceof GenericArrayType) {
            return array(json, ((GenericArrayType) type).getGenericComponentType());
        }
        return ofClass(json, (Class<?>) type);
    }

    private static Object generic(Object json, ParameterizedType type) throws ReflectiveOperationException {
        Class<?> raw = (Class<?>) type.getRawType();
        Type[] arguments = type.getActualTypeArguments();
        if (Optional.class == raw) return Optional.ofNullable(typed(json, arguments[0]));
        if (json == null) return null;
        if (Map.class.isAssignableFrom(raw)) return map(json, raw, arguments[0], arguments[1]);
        if (Collection.class.isAssignableFrom(raw) || raw == Iterable.class) {
            return collection(json, raw, arguments[0]);
        }
        return ofClass(json, raw);
    }

    private static Object map(Object json, Class<?> raw, Type key, Type value)
        throws ReflectiveOperationException {
        Map<Object, Object> made = make(raw, new LinkedHashMap<>());
        Map<?, ?> entries = cast(json, Map.class, raw);
        for (Map.Entry<?, ?> entry : entries.entrySet()) {
            made.put(typed(entry.getKey(), key), typed(entry.getValue(), value));
        }
        return made;
    }

    private static Object collection(Object json, Class<?> raw, Type item)
        throws ReflectiveOperationException {
        Collection<Object> usual = Set.class.isAssignableFrom(raw) ? new LinkedHashSet<>() : new ArrayList<>();
        Collection<Object> made = make(raw, usual);
        List<?> items = cast(json, List.class, raw);
        for (Object each : items) made.add(typed(each, item));
        return made;
    }

    @SuppressWarnings("unchecked")
    private static <T> T make(Class<?> raw, T usual) throws ReflectiveOperationException {
        if (raw.isInstance(usual)) return usual;
        return (T) raw.getDeclaredConstructor().newInstance();
    }

    private static Object array(Object json, Type item) throws ReflectiveOperationException {
        if (json == null) return null;
        if (item == byte.class && json instanceof String) return Base64.getDecoder().decode((String) json);
        List<?> items = cast(json, List.class, Object[].class);
        Class<?> kind = item instanceof Class ? (Class<?>) item : Object.class;
        if (item instanceof ParameterizedType) kind = (Class<?>) ((ParameterizedType) item).getRawType();
        Object made = Array.newInstance(kind, items.size());
        for (int place = 0; place < items.size(); place++) Array.set(made, place, typed(items.get(place), item));
        return made;
    }

    private static <T> T cast(Object json, Class<T> wanted, Class<?> type) {
        if (wanted.isInstance(json)) return wanted.cast(json);
        throw new IllegalArgumentException(
            "Cannot deserialize value of type `" + type.getName() + "` from " + kindOf(json) + " value");
    }

    private static String kindOf(Object json) {
        if (json instanceof Map) return "Object";
        if (json instanceof List) return "Array";
        if (json instanceof String) return "String";
        return json == null ? "null" : json instanceof Boolean ? "Boolean" : "Number";
    }

    private static Object ofClass(Object json, Class<?> type) throws ReflectiveOperationException {
        if (json == null) return type.isPrimitive() ? Array.get(Array.newInstance(type, 1), 0) : null;
        if (type == Object.class || type == Void.class) return json;
        if (type.isArray()) return array(json, type.getComponentType());
        if (type == String.class || type == CharSequence.class) {
            return json instanceof Map || json instanceof List ? cast(json, String.class, type) : json.toString();
        }
        Object simple = simple(json, type);
        if (simple != null) return simple;
        if (Map.class.isAssignableFrom(type)) return map(json, type, Object.class, Object.class);
        if (Collection.class.isAssignableFrom(type)) return collection(json, type, Object.class);
        return bean(cast(json, Map.class, type), type);
    }

    private static Object simple(Object json, Class<?> type) {
        String text = json.toString();
        if (type == boolean.class || type == Boolean.class) {
            return json instanceof Boolean ? json : Boolean.valueOf(cast(json, String.class, type));
        }
        if (type == char.class || type == Character.class) return text.charAt(0);
        if (type.isEnum()) {
            for (Object constant : type.getEnumConstants()) {
                if (((Enum<?>) constant).name().equals(text)) return constant;
            }
            throw new IllegalArgumentException("\"" + text + "\" is no " + type.getName());
        }
        if (type == Instant.class) return instant(json);
        if (type == Date.class) return Date.from(instant(json));
        if (!type.isPrimitive() && !Number.class.isAssignableFrom(type)) return null;
        if (!(json instanceof Number || json instanceof String)) cast(json, Number.class, type);
        BigDecimal number = new BigDecimal(text);
        if (type == int.class || type == Integer.class) return number.intValue();
        if (type == long.class || type == Long.class) return number.longValue();
        if (type == double.class || type == Double.class) return number.doubleValue();
        if (type == float.class || type == Float.class) return number.floatValue();
        if (type == short.class || type == Short.class) return number.shortValue();
        if (type == byte.class || type == Byte.class) return number.byteValue();
        if (type == BigInteger.class) return number.toBigInteger();
        return type == BigDecimal.class ? number : json;
    }

    private static Instant instant(Object json) {
        if (json instanceof Number) return Instant.ofEpochMilli(((Number) json).longValue());
        return Instant.parse(json.toString().replaceAll("([+-]\\d\\d:?\\d\\d)$", "Z"));
    }

    private static Object bean(Map<?, ?> json, Class<?> type) throws ReflectiveOperationException {
        Method[] components = recordComponents(type);
        if (components != null) return record(json, type, components);
        Constructor<?> constructor = type.getDeclaredConstructor();
        constructor.setAccessible(true);
        Object made = constructor.newInstance();
        for (Method method : type.getMethods()) {
            boolean isSetter = method.getName().matches("set.+") && method.getParameterCount() == 1;
            if (!isSetter || Modifier.isStatic(method.getModifiers()) || method.isBridge()) continue;
            String name = property(method.getName().substring(3));
            String key = keyFor(json, name);
            if (key == null) continue;
            method.setAccessible(true);
            method.invoke(made, typed(json.get(key), method.getGenericParameterTypes()[0]));
        }
        for (Field field : type.getFields()) {
            String key = keyFor(json, field.getName());
            int modifiers = field.getModifiers();
            if (key == null || Modifier.isStatic(modifiers) || Modifier.isFinal(modifiers)) continue;
            field.set(made, typed(json.get(key), field.getGenericType()));
        }
        return made;
    }

    /** The accessors of a record; its API is looked up because Java 8 has none. */
    private static Method[] recordComponents(Class<?> type) throws ReflectiveOperationException {
        if (type.getSuperclass() == null || !type.getSuperclass().getName().equals("java.lang.Record")) return null;
        Object[] found = (Object[]) Class.class.getMethod("getRecordComponents").invoke(type);
        Method[] accessors = new Method[found.length];
        for (int place = 0; place < found.length; place++) {
            accessors[place] = (Method) found[place].getClass().getMethod("getAccessor").invoke(found[place]);
            accessors[place].setAccessible(true);
        }
        return accessors;
    }

    private static Object record(Map<?, ?> json, Class<?> type, Method[] components)
        throws ReflectiveOperationException {
        Class<?>[] types = new Class<?>[components.length];
        Object[] values = new Object[components.length];
        for (int place = 0; place < components.length; place++) {
            types[place] = components[place].getReturnType();
            String key = keyFor(json, components[place].getName());
            Object found = key == null ? null : json.get(key);
            values[place] = typed(found, components[place].getGenericReturnType());
        }
        Constructor<?> constructor = type.getDeclaredConstructor(types);
        constructor.setAccessible(true);
        return constructor.newInstance(values);
    }

    private static String keyFor(Map<?, ?> json, String name) {
        if (json.containsKey(name)) return name;
        for (Object key : json.keySet()) {
            if (name.equalsIgnoreCase(String.valueOf(key))) return (String) key;
        }
        return null;
    }

    /** `URLOfMine` is `urlofMine`, as Jackson has it: all capitals at the beginning. */
    private static String property(String name) {
        int end = 0;
        while (end < name.length() && Character.isUpperCase(name.charAt(end))) end++;
        return name.substring(0, end).toLowerCase() + name.substring(end);
    }

    /** A value as maps, lists and scalars. */
    static Object plain(Object value, int depth) throws ReflectiveOperationException {
        if (depth > DEPTH_MAX) throw new IllegalArgumentException("The value refers to itself");
        if (value == null || value instanceof Number || value instanceof Boolean) return value;
        if (value instanceof CharSequence || value instanceof Character) return value.toString();
        if (value instanceof Enum) return ((Enum<?>) value).name();
        if (value instanceof Optional) return plain(((Optional<?>) value).orElse(null), depth + 1);
        if (value instanceof byte[]) return Base64.getEncoder().encodeToString((byte[]) value);
        if (value instanceof Date) return ((Date) value).getTime();
        if (value instanceof Calendar) return ((Calendar) value).getTimeInMillis();
        if (value.getClass().getName().startsWith("java.time.") || value instanceof java.util.UUID) {
            return value.toString();
        }
        if (value instanceof Map) {
            Map<String, Object> found = new LinkedHashMap<>();
            for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
                found.put(String.valueOf(entry.getKey()), plain(entry.getValue(), depth + 1));
            }
            return found;
        }
        List<Object> items = new ArrayList<>();
        if (value instanceof Iterable) {
            for (Object item : (Iterable<?>) value) items.add(plain(item, depth + 1));
            return items;
        }
        if (value.getClass().isArray()) {
            for (int place = 0; place < Array.getLength(value); place++) {
                items.add(plain(Array.get(value, place), depth + 1));
            }
            return items;
        }
        return properties(value, depth);
    }

    private static Object properties(Object value, int depth) throws ReflectiveOperationException {
        Map<String, Object> found = new LinkedHashMap<>();
        Class<?> type = value.getClass();
        Method[] components = recordComponents(type);
        if (components != null) {
            for (Method each : components) found.put(each.getName(), plain(each.invoke(value), depth + 1));
            return found;
        }
        for (Class<?> place = type; place != null; place = place.getSuperclass()) {
            // In the order in which the fields are declared, where there are fields.
            for (Field field : place.getDeclaredFields()) found.put(field.getName(), found);
        }
        Map<String, Object> values = new LinkedHashMap<>();
        for (Method method : type.getMethods()) {
            String name = getter(method);
            if (name == null) continue;
            method.setAccessible(true);
            values.put(name, plain(method.invoke(value), depth + 1));
        }
        for (Field field : type.getFields()) {
            if (!Modifier.isStatic(field.getModifiers()) && !values.containsKey(field.getName())) {
                values.put(field.getName(), plain(field.get(value), depth + 1));
            }
        }
        found.keySet().retainAll(values.keySet());
        found.putAll(values);
        return found;
    }

    private static String getter(Method method) {
        boolean isPlain = method.getParameterCount() == 0 && !Modifier.isStatic(method.getModifiers())
            && method.getDeclaringClass() != Object.class && !method.isBridge();
        Class<?> type = method.getReturnType();
        String name = method.getName();
        if (!isPlain || type == void.class) return null;
        if (name.matches("get.+")) return property(name.substring(3));
        boolean isBoolean = type == boolean.class || type == Boolean.class;
        return isBoolean && name.matches("is.+") ? property(name.substring(2)) : null;
    }
}
