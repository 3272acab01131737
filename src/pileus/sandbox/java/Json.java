package pileus.runtime;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** JSON as maps, lists, strings, numbers, booleans and null. */
final class Json {
    private static final int DEPTH_MAX = 1000;

    private final String text;
    private int place;
    private int depth;

    private Json(String text) {
        this.text = text;
    }

    static Object read(String text) {
        Json json = new Json(text);
        Object value = json.value();
        json.space();
        if (json.place < text.length()) throw json.unexpected();
        return value;
    }

    private IllegalArgumentException unexpected() {
        String what = place < text.length() ? "character '" + text.charAt(place) + "'" : "end of input";
        return new IllegalArgumentException("Unexpected " + what + " at offset " + place);
    }

    private void space() {
        while (place < text.length() && " \t\r\n".indexOf(text.charAt(place)) >= 0) place++;
    }

    private char peek() {
        space();
        if (place >= text.length()) throw unexpected();
        return text.charAt(place);
    }

    private void expect(char wanted) {
        if (peek() != wanted) throw unexpected();
        place++;
    }

    private Object value() {
        if (++depth > DEPTH_MAX) throw new IllegalArgumentException("The document is nested too deeply");
        Object found;
        switch (peek()) {
            case '{': found = object(); break;
            case '[': found = array(); break;
            case '"': found = string(); break;
            case 't': found = word("true", Boolean.TRUE); break;
            case 'f': found = word("false", Boolean.FALSE); break;
            case 'n': found = word("null", null); break;
            default: found = number();
        }
        depth--;
        return found;
    }

    private Object word(String word, Object meaning) {
        if (!text.startsWith(word, place)) throw unexpected();
        place += word.length();
        return meaning;
    }

    private Map<String, Object> object() {
        Map<String, Object> found = new LinkedHashMap<>();
        expect('{');
        if (peek() == '}') {
            place++;
            return found;
        }
        while (true) {
            if (peek() != '"') throw unexpected();
            String key = string();
            expect(':');
            found.put(key, value());
            if (peek() == ',') {
                place++;
            } else {
                expect('}');
                return found;
            }
        }
    }

    private List<Object> array() {
        List<Object> found = new ArrayList<>();
        expect('[');
        if (peek() == ']') {
            place++;
            return found;
        }
        while (true) {
            found.add(value());
            if (peek() == ',') {
                place++;
            } else {
                expect(']');
                return found;
            }
        }
    }

    private String string() {
        StringBuilder found = new StringBuilder();
        place++;
        while (true) {
            if (place >= text.length()) throw unexpected();
            char next = text.charAt(place++);
            if (next == '"') return found.toString();
            if (next < ' ') {
                place--;
                throw unexpected();
            }
            found.append(next == '\\' ? escaped() : next);
        }
    }

    private char escaped() {
        if (place >= text.length()) throw unexpected();
        char kind = text.charAt(place++);
        int simple = "\"\\/bfnrt".indexOf(kind);
        if (simple >= 0) return "\"\\/\b\f\n\r\t".charAt(simple);
        if (kind != 'u' || place + 4 > text.length()) {
            place--;
            throw unexpected();
        }
        place += 4;
        return (char) Integer.parseInt(text.substring(place - 4, place), 16);
    }

    private Number number() {
        int start = place;
        while (place < text.length() && "+-0123456789.eE".indexOf(text.charAt(place)) >= 0) place++;
        String digits = text.substring(start, place);
        try {
            if (digits.matches("-?[0-9]+")) {
                BigInteger whole = new BigInteger(digits);
                if (whole.bitLength() < 32) return whole.intValue();
                return whole.bitLength() < 64 ? (Number) whole.longValue() : whole;
            }
            return new BigDecimal(digits).doubleValue();
        } catch (NumberFormatException error) {
            place = start;
            throw unexpected();
        }
    }

    /** Write what {@link Beans#plain} has made of a value. */
    static String write(Object value) {
        StringBuilder out = new StringBuilder();
        write(value, out);
        return out.toString();
    }

    private static void write(Object value, StringBuilder out) {
        if (value instanceof Map) {
            char before = '{';
            for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
                out.append(before);
                quote(String.valueOf(entry.getKey()), out);
                out.append(':');
                write(entry.getValue(), out);
                before = ',';
            }
            out.append(before == '{' ? "{}" : "}");
        } else if (value instanceof List) {
            char before = '[';
            for (Object item : (List<?>) value) {
                out.append(before);
                write(item, out);
                before = ',';
            }
            out.append(before == '[' ? "[]" : "]");
        } else if (value == null || value instanceof Number || value instanceof Boolean) {
            boolean isNumber = !(value instanceof Double || value instanceof Float)
                || !(((Number) value).doubleValue() != ((Number) value).doubleValue()
                    || Double.isInfinite(((Number) value).doubleValue()));
            if (isNumber) out.append(value);
            else quote(value.toString(), out);
        } else {
            quote(value.toString(), out);
        }
    }

    private static void quote(String text, StringBuilder out) {
        out.append('"');
        for (int place = 0; place < text.length(); place++) {
            char next = text.charAt(place);
            int simple = "\"\\\b\f\n\r\t".indexOf(next);
            if (simple >= 0) out.append('\\').append("\"\\bfnrt".charAt(simple));
            else if (next < ' ') out.append(String.format("\\u%04x", (int) next));
            else out.append(next);
        }
        out.append('"');
    }
}
