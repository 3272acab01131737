"""Java functions: handlers of all kinds, what they are given, and AWS's error documents."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from e2e.sandbox.machine import ARN, DEADLINE_MS, REQUEST_ID, Machine, Tried
from pileus.kernel.fleet import Failure, Prepared
from pileus.sandbox.runtimes import interpreters, java_runtime
from support import skips

Start = Callable[..., Tried]
CORE = Path(java_runtime.__file__).parents[1] / "java"


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The interfaces that handlers are compiled against."""
    skips.program("javac", "a Java development kit")
    target = tmp_path_factory.mktemp("core")
    sources = [each for each in CORE.glob("*.java") if "package com.amazonaws" in each.read_text()]
    subprocess.run(["javac", "-d", target, *sources], check=True)
    return str(target)


@pytest.fixture(scope="module")
def start(machine: Machine, core: str, tmp_path_factory: pytest.TempPathFactory) -> Start:
    compiled: dict[str, str] = {}

    def start(body: str, handler: str = "demo.Demo", **members: Any) -> Tried:
        if body not in compiled:
            source = tmp_path_factory.mktemp("source") / "Demo.java"
            source.write_text(HEAD + body)
            compiled[body] = machine.package({"readme.txt": ""})
            compile_java([source], compiled[body], core)
        wanted = {"runtime": "java17", "handler": handler, "code_path": compiled[body]}
        return machine.start({}, **wanted | members)

    return start


def compile_java(sources: list[Path], target: str | Path, class_path: str) -> None:
    options = ["--release", "17", "-g", "-cp", class_path, "-d", str(target)]
    subprocess.run(["javac", *options, *map(str, sources)], check=True)


HEAD = """\
package demo;
import com.amazonaws.services.lambda.runtime.*;
import java.io.*;
import java.util.*;
"""


def test_a_request_handler_gets_the_event_and_its_answer_comes_back(start: Start) -> None:
    tried = start("""
        public class Demo implements RequestHandler<Map<String, Object>, Object> {
            static int count;
            public Object handleRequest(Map<String, Object> event, Context context) {
                return List.of(event, ++count);
            }
        }
    """)
    event = {"a": 'ä\n"', "b": [1, 2.5, True, None, 12345678901, -3], "c": {"d": {}}}
    assert [[event, 1], [event, 2]] == [tried.answer(event) for _ in range(2)]


BEANS = """
    public class Demo {
        public static class Order {
            private long number; private List<Line> lines; private Colour colour;
            public boolean isPaid; public int[] codes;
            public long getNumber() { return number; }
            public void setNumber(long number) { this.number = number; }
            public List<Line> getLines() { return lines; }
            public void setLines(List<Line> lines) { this.lines = lines; }
            public Colour getColour() { return colour; }
            public void setColour(Colour colour) { this.colour = colour; }
        }
        public enum Colour { RED, GREEN }
        public record Line(String name, double price, Map<String, Integer> counts) {}
        public Order run(Order order, Context context) {
            double sum = 0;
            for (Line line : order.getLines()) sum += line.price() * line.counts().get("n");
            order.setNumber(order.getNumber() + (long) sum);
            order.codes[0]++;
            return order;
        }
        public static int length(String text) { return text.length(); }
        public void nothing(Integer number) { System.out.println(number + 1); }
        public void streams(InputStream in, OutputStream out) throws IOException {
            out.write("raw ".getBytes()); in.transferTo(out);
        }
    }
"""


def test_beans_records_enums_and_collections_are_typed(start: Start) -> None:
    order = {
        "number": 40, "lines": [{"name": "x", "price": 1.25, "counts": {"n": 2}}],
        "colour": "GREEN", "isPaid": True, "codes": [1, 2], "unknown": {"is": "ignored"},
    }  # fmt: skip
    tried = start(BEANS, "demo.Demo::run")
    del order["unknown"]
    assert order | {"number": 42, "codes": [2, 2]} == tried.answer(order)


def test_a_method_may_be_static_take_one_value_or_streams(start: Start) -> None:
    assert 5 == start(BEANS, "demo.Demo::length").answer("hällo")
    tried = start(BEANS, "demo.Demo::nothing")
    assert tried.answer(6) is None
    assert ["7"] == tried.texts
    assert b'raw {"a": 1}' == start(BEANS, "demo.Demo::streams").result({"a": 1}).payload


def test_a_stream_handler_reads_and_writes_bytes(start: Start) -> None:
    tried = start("""
        public class Demo implements RequestStreamHandler {
            public void handleRequest(InputStream in, OutputStream out, Context context)
                    throws IOException {
                out.write('['); in.transferTo(out); out.write(']');
            }
        }
    """)
    assert [{"a": 1}] == tried.answer({"a": 1})


def test_events_of_awss_library_are_filled_whatever_the_case(start: Start) -> None:
    """Its beans say `records` where the event says `Records`."""
    tried = start("""
        public class Demo extends Above<Demo.Event> {
            public static class Event {
                private List<Message> records;
                public List<Message> getRecords() { return records; }
                public void setRecords(List<Message> records) { this.records = records; }
            }
            public static class Message {
                private String arn;
                public void setEventSourceArn(String arn) { this.arn = arn; }
            }
            String of(Event event) { return event.getRecords().get(0).arn; }
        }
        abstract class Above<T> implements RequestHandler<T, String> {
            abstract String of(T event);
            public String handleRequest(T event, Context context) { return of(event); }
        }
    """)
    assert "arn:q" == tried.answer({"Records": [{"eventSourceARN": "arn:q"}]})


def test_the_context_says_what_aws_says(start: Start) -> None:
    tried = start("""
        public class Demo implements RequestHandler<Object, Object> {
            public Object handleRequest(Object event, Context c) {
                c.getLogger().log("two\\nlines");
                ClientContext client = c.getClientContext();
                return Arrays.asList(c.getAwsRequestId(), c.getFunctionName(),
                    c.getFunctionVersion(), c.getMemoryLimitInMB(), c.getInvokedFunctionArn(),
                    c.getLogGroupName(), client.getCustom(), client.getClient().getAppTitle(),
                    System.getProperty("com.amazonaws.xray.traceHeader"), c.getIdentity(),
                    c.getRemainingTimeInMillis() > 0);
            }
        }
    """)
    client = {"custom": {"a": "b"}, "client": {"app_title": "T"}}
    answer = tried.answer(client_context=json.dumps(client), deadline_ms=DEADLINE_MS)
    trace = "Root=1-5f84c7a9-000000000000000000000001"
    expected = [REQUEST_ID, "tried", "$LATEST", 512, ARN, "/aws/lambda/tried", {"a": "b"}, "T"]
    assert [*expected, trace, None, True] == answer
    assert ["two\nlines"] == tried.texts


def test_an_exception_is_told_with_its_cause_and_frames(start: Start) -> None:
    tried = start("""
        public class Demo implements RequestHandler<String, String> {
            public String handleRequest(String event, Context context) {
                throw new IllegalStateException("of mine", new IOException("below"));
            }
        }
    """)
    result = tried.result("x")
    expected = {
        "errorMessage": "of mine",
        "errorType": "java.lang.IllegalStateException",
        "stackTrace": ["demo.Demo.handleRequest(Demo.java:8)"],
        "cause": {
            "errorMessage": "below",
            "errorType": "java.io.IOException",
            "stackTrace": ["demo.Demo.handleRequest(Demo.java:8)"],
        },
    }
    document = json.loads(result.payload)
    # The compiler's bridge between the erased method and the typed one is a frame as well.
    document["stackTrace"] = document["stackTrace"][:1]
    document["cause"]["stackTrace"] = document["cause"]["stackTrace"][:1]
    assert (Failure.ERROR, expected, True) == (result.failure, document, result.is_reusable)
    assert tried.texts[0].startswith(
        "of mine: java.lang.IllegalStateException\njava.lang.IllegalStateException: of mine\n\tat "
    )


@pytest.mark.parametrize(
    ("handler", "kind", "message"),
    [
        ("demo.Absent", "java.lang.ClassNotFoundException", "Class not found: demo.Absent"),
        ("demo.Demo::absent", "java.lang.NoSuchMethodException",
         "No public method named absent with appropriate method signature found on class "
         "demo.Demo"),
    ],
)  # fmt: skip
def test_a_handler_that_is_not_there_is_told(
    start: Start, handler: str, kind: str, message: str
) -> None:
    result = start("public class Demo {}", handler).result()
    document = json.loads(result.payload)
    assert (Failure.INIT_ERROR, kind, message) == (
        result.failure,
        document["errorType"],
        document["errorMessage"],
    )


def test_an_event_that_does_not_fit_is_told(start: Start) -> None:
    result = start(BEANS, "demo.Demo::nothing").result({"a": 1})
    document = json.loads(result.payload)
    assert (
        Failure.ERROR,
        "java.lang.RuntimeException",
        "An error occurred during JSON parsing",
    ) == (
        result.failure,
        document["errorType"],
        document["errorMessage"],
    )


def test_jars_of_the_package_and_of_layers_are_found(
    machine: Machine, core: str, tmp_path: Path
) -> None:
    jar = shutil.which("jar") or skips.program("jar", "a Java development kit")
    for name in ("One", "Two"):
        source = tmp_path / f"{name}.java"
        source.write_text(f'public class {name} {{ public static String name = "{name}"; }}')
        compile_java([source], tmp_path / name, core)
    layer, package = Path(machine.package({"a": ""})), Path(machine.package({"a": ""}))
    (layer / "java/lib").mkdir(parents=True)
    (package / "lib").mkdir()
    for place, name in ((package / "lib/one.jar", "One"), (layer / "java/lib/two.jar", "Two")):
        subprocess.run([jar, "cf", place, "-C", tmp_path / name, "."], check=True)
    source = tmp_path / "Main.java"
    source.write_text("""
        public class Main {
            public String run(String event) { return One.name + Two.name + event; }
        }
    """)
    compile_java([source], package, f"{tmp_path}/One:{tmp_path}/Two")
    tried = machine.start(
        {}, runtime="java21", handler="Main::run", code_path=str(package), layer_paths=(str(layer),)
    )
    assert "OneTwo!" == tried.answer("!")


def test_a_package_may_bring_a_newer_core(machine: Machine, core: str, tmp_path: Path) -> None:
    sources = []
    for each in CORE.glob("*.java"):
        text = each.read_text()
        if "package com.amazonaws" in text:
            newer = "String getTenantId();\n\n    default String getNew() { return null; }\n}"
            if each.name == "Context.java":
                text = text.rstrip().removesuffix("}") + newer
            sources.append(tmp_path / each.name)
            sources[-1].write_text(text)
    sources.append(tmp_path / "Demo.java")
    sources[-1].write_text(
        HEAD
        + """
        public class Demo implements RequestHandler<String, Object> {
            public Object handleRequest(String event, Context context) {
                return Arrays.asList(context.getTenantId(), context.getNew());
            }
        }
    """
    )
    package = machine.package({"a": ""})
    compile_java(sources, package, core)
    tried = machine.start({}, runtime="java17", handler="demo.Demo", code_path=package)
    assert [None, None] == tried.answer("x")


def test_a_wrapper_and_javas_options_count(start: Start, machine: Machine) -> None:
    layer = machine.package({"wrap": '#!/bin/sh\nshift\nexec /usr/bin/env java -Da=1 "$@"\n'})
    Path(layer, "wrap").chmod(0o755)
    tried = start(
        """
        public class Demo {
            public Object run() {
                return List.of(System.getProperty("a"), System.getProperty("b"));
            }
        }
        """,
        "demo.Demo::run",
        layer_paths=(layer,),
        variables={"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrap", "JAVA_TOOL_OPTIONS": "-Db=2"},
    )
    assert ["1", "2"] == tried.answer()


@pytest.mark.parametrize("runtime", ["java8.al2", "java11", "java17", "java21", "java25"])
def test_every_java_of_aws_gets_the_nearest_installed(start: Start, runtime: str) -> None:
    code = """
        public class Demo {
            public String run() { return System.getProperty("java.specification.version"); }
        }
    """
    kits = interpreters.javas()
    wanted = int(runtime.removeprefix("java").partition(".")[0])
    nearest = min(abs(kit.version[0] - wanted) for kit in kits)
    version = start(code, "demo.Demo::run", runtime=runtime).answer()
    assert nearest == abs(int(version.removeprefix("1.")) - wanted)


SNAPSHOTS = """
    public class Demo implements RequestHandler<Object, Object> {
        static List<String> seen = Collections.synchronizedList(new ArrayList<>());

        /** As org.crac registers what functions register with it. */
        static void register(String name) throws Exception {
            String names = System.getProperty("org.crac.Core.Compat");
            Class<?> resource = Class.forName(names + ".Resource");
            Object told = java.lang.reflect.Proxy.newProxyInstance(
                Demo.class.getClassLoader(), new Class<?>[] {resource}, (self, method, given) -> {
                    String called = method.getName();
                    if (method.getDeclaringClass() == Object.class) return null;
                    seen.add(called + " " + name);
                    if (called.equals(System.getenv("FAILS"))) throw new IOException(name);
                    return null;
                });
            Class<?> core = Class.forName(names + ".Core");
            Object context = core.getMethod("getGlobalContext").invoke(null);
            Class.forName(names + ".Context").getMethod("register", resource).invoke(context, told);
        }

        public Demo() throws Exception {
            register("first");
            register("second");
        }

        public Object handleRequest(Object event, Context context) {
            return seen;
        }
    }
"""


def prepare(start: Start, machine: Machine, fails: str = "") -> tuple[Tried, Prepared]:
    variables = {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start", "FAILS": fails}
    tried = start(SNAPSHOTS, is_snap_started=True, variables=variables)
    return tried, machine.loop.run(tried.environment.prepared())


def test_what_org_crac_registers_is_told_of_the_snapshot(start: Start, machine: Machine) -> None:
    tried, prepared = prepare(start, machine)
    assert Failure.NONE is prepared.failure
    told = [
        "beforeCheckpoint second", "beforeCheckpoint first", "afterRestore first",
        "afterRestore second",
    ]  # fmt: skip
    assert told == tried.answer()
    tried.stop()


def test_a_resource_that_fails_before_the_snapshot_fails_init(
    start: Start, machine: Machine
) -> None:
    tried, prepared = prepare(start, machine, "beforeCheckpoint")
    assert Failure.INIT_ERROR is prepared.failure
    assert "CheckpointException" in json.loads(prepared.payload)["errorType"]
    tried.stop()


def test_a_resource_that_fails_after_the_restoration_fails_it(
    start: Start, machine: Machine
) -> None:
    tried, prepared = prepare(start, machine, "afterRestore")
    assert Failure.NONE is prepared.failure
    result = tried.result()
    assert Failure.RESTORE_ERROR is result.failure
    assert "RestoreException" in json.loads(result.payload)["errorType"]
    tried.stop()
