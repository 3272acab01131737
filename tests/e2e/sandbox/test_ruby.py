"""Ruby functions: handlers, what they are given, their log, and AWS's error documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from e2e.sandbox.machine import ARN, DEADLINE_MS, REQUEST_ID, Machine, Tried
from pileus.kernel.fleet import Failure
from pileus.sandbox.runtimes import interpreters
from support import skips


@pytest.fixture(autouse=True)
def _ruby() -> None:
    skips.program("ruby", "Ruby")


def start(machine: Machine, files: str | dict[str, str], **members: Any) -> Tried:
    package = {"app.rb": files} if isinstance(files, str) else files
    return machine.start(package, **{"runtime": "ruby3.3", "handler": "app.run"} | members)


def test_a_handler_gets_the_event_and_its_answer_comes_back(machine: Machine) -> None:
    tried = start(
        machine,
        """
        $count = 0
        def run(event:, context:)
          { got: event, count: $count += 1 }
        end
        """,
    )
    event = {"a": ["ä", 1, 2.5, None, True]}
    expected = [{"got": event, "count": 1}, {"got": event, "count": 2}]
    assert expected == [tried.answer(event) for _ in range(2)]


@pytest.mark.parametrize("handler", ["lib/app.Api.run", "lib/app.run"])
def test_a_handler_may_lie_in_a_directory_and_in_a_class(machine: Machine, handler: str) -> None:
    code = """
        require "below"
        class Api
          def self.run(event:, context:) = "class #{BELOW}"
        end
        def run(event:, context:) = "method #{BELOW}"
    """
    tried = start(machine, {"lib/app.rb": code, "below.rb": "BELOW = 7"}, handler=handler)
    assert ("class 7" if "Api" in handler else "method 7") == tried.answer()


def test_the_context_says_what_aws_says(machine: Machine) -> None:
    tried = start(
        machine,
        """
        def run(event:, context:)
          [context.aws_request_id, context.function_name, context.function_version,
           context.memory_limit_in_mb, context.invoked_function_arn, context.log_group_name,
           context.client_context["custom"], context.deadline_ms, ENV["_X_AMZN_TRACE_ID"],
           context.get_remaining_time_in_millis > 0]
        end
        """,
    )
    answer = tried.answer(client_context='{"custom": {"a": "b"}}')
    trace = "Root=1-5f84c7a9-000000000000000000000001"
    expected = [REQUEST_ID, "tried", "$LATEST", "512", ARN, "/aws/lambda/tried", {"a": "b"}]
    assert [*expected, DEADLINE_MS, trace, True] == answer


def test_loggers_write_whole_records_with_the_requests_id(machine: Machine) -> None:
    code = """
        require "logger"
        LOGGER = Logger.new($stdout)
        def run(event:, context:)
          puts "printed"
          LOGGER.warn("two\\nlines")
        end
    """
    tried = start(machine, code)
    tried.answer()
    assert "printed" == tried.texts[0]
    assert tried.texts[1].startswith("W, [")
    assert tried.texts[1].endswith(f" #{REQUEST_ID}]  WARN -- : two\nlines")
    in_json = start(machine, code, variables={"AWS_LAMBDA_LOG_FORMAT": "JSON"})
    in_json.answer()
    record = json.loads(in_json.texts[1])
    assert ("WARN", "two\nlines", REQUEST_ID) == tuple(
        record[key] for key in ("level", "message", "requestId")
    )


def test_an_error_is_told_and_the_environment_goes_on(machine: Machine) -> None:
    tried = start(machine, "def run(event:, context:)\n  raise ArgumentError, 'of mine'\nend")
    result = tried.result()
    document = json.loads(result.payload)
    assert (Failure.ERROR, True) == (result.failure, result.is_reusable)
    assert ("Function<ArgumentError>", "of mine") == (
        document["errorType"],
        document["errorMessage"],
    )
    assert "/var/task/app.rb:2:in `run'" == document["stackTrace"][0].replace("Object#", "")
    assert tried.texts[-1].startswith("Error raised from handler method\n{")


@pytest.mark.parametrize(
    ("files", "handler", "kind", "message"),
    [
        ({"other.rb": ""}, "app.run", "Init<LoadError>", "cannot load such file -- /var/task/app"),
        ({"app.rb": "require 'absent'"}, "app.run", "Init<LoadError>",
         "cannot load such file -- absent"),
        ({"app.rb": "def"}, "app.run", "Init<SyntaxError>", "syntax error"),
        ({"app.rb": ""}, "app.run", "Init<NameError>", "undefined method `run'"),
        ({"app.rb": ""}, "app.Api.run", "Init<NameError>", "uninitialized constant Kernel::Api"),
        ({"app.rb": ""}, "app", "Init<ArgumentError>", "Invalid handler app, must be of form"),
    ],
)  # fmt: skip
def test_a_handler_that_cannot_be_loaded_is_told(
    machine: Machine, files: dict[str, str], handler: str, kind: str, message: str
) -> None:
    result = start(machine, files, handler=handler).result()
    document = json.loads(result.payload)
    assert (Failure.INIT_ERROR, kind) == (result.failure, document["errorType"])
    assert message in document["errorMessage"].replace("'run'", "`run'")


def test_an_exit_ends_the_environment(machine: Machine) -> None:
    result = start(machine, "def run(event:, context:) = exit!(4)").result()
    assert (Failure.EXIT, "exit status 4") == (result.failure, result.exit_reason)


def test_gems_of_the_package_and_of_layers_are_found(machine: Machine) -> None:
    """They lie under the version that the function asked for, whichever Ruby is here."""
    specification = """
        Gem::Specification.new do |s|
          s.name, s.version, s.summary, s.authors = "NAME", "1.0", "s", ["a"]
          s.require_paths = ["lib"]
        end
    """
    places = {"one": "vendor/bundle/ruby/3.3.0", "two": "ruby/gems/3.3.0"}
    packed = {
        name: {
            f"{place}/specifications/{name}-1.0.gemspec": specification.replace("NAME", name),
            f"{place}/gems/{name}-1.0/lib/{name}.rb": f"{name.upper()} = '{name}'",
        }
        for name, place in places.items()
    }
    layer = machine.package({**packed["two"], "ruby/lib/three.rb": "THREE = 'three'"})
    code = """
        require "one"
        require "two"
        require "three"
        def run(event:, context:) = [ONE, TWO, THREE]
    """
    tried = start(machine, {**packed["one"], "app.rb": code}, layer_paths=(layer,))
    assert ["one", "two", "three"] == tried.answer()


def test_a_wrapper_script_starts_the_runtime(machine: Machine) -> None:
    layer = machine.package({"wrap": '#!/bin/sh\nexport WRAPPED="$1"\nexec "$@"\n'})
    Path(layer, "wrap").chmod(0o755)
    code = "def run(event:, context:) = ENV['WRAPPED']"
    variables = {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrap"}
    tried = start(machine, code, layer_paths=(layer,), variables=variables)
    assert "ruby" in tried.answer()


def test_every_ruby_of_aws_gets_the_nearest_installed(machine: Machine) -> None:
    versions = {f"{each.version[0]}.{each.version[1]}" for each in interpreters.rubies()}
    code = "def run(event:, context:) = RUBY_VERSION"
    for runtime in ("ruby2.7", "ruby3.4"):
        found = start(machine, code, runtime=runtime).answer()
        assert found.rpartition(".")[0] in versions
