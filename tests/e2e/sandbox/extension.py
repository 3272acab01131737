"""The code of extensions under test: Python programs of a layer."""

from __future__ import annotations

from pathlib import Path

from e2e.sandbox.machine import Machine

HEAD = '''#!/usr/bin/env python3
import json, os, sys, time, urllib.error, urllib.request
NAME = os.path.basename(sys.argv[0])
ROOT = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}"
API = f"{ROOT}/2020-01-01/extension"

def ask(path, body=None, method=None, **headers):
    """(status, headers, document) of one request."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{API}{path}", data, names, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, error.headers, json.load(error)

def register(*events, name=NAME, **headers):
    status, found, document = ask("/register", {"events": events},
                                  Lambda_Extension_Name=name, **headers)
    return found.get("Lambda-Extension-Identifier"), document

def next_event(identifier):
    return ask("/event/next", Lambda_Extension_Identifier=identifier)[2]

def say(*words):
    print(*words, flush=True)
'''


def layer(machine: Machine, **extensions: str) -> str:
    """A layer with these extensions: name and what comes after the head."""
    files = {f"extensions/{name}": "" for name in extensions}
    place = machine.package(files)
    for name, body in extensions.items():
        path = Path(place, "extensions", name)
        path.write_text(HEAD + body)
        path.chmod(0o755)
    return place
