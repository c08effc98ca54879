# SPDX-License-Identifier: Apache-2.0
"""JSON from outside. The specification lifts the limit of recursion so far that the parser would overrun its stack."""
import json
import re

DEEPEST = 64
BRACKETS = re.compile(rb"[\[\]{}]")


def parse(body):
    """A value from bytes. Throws ValueError for what is no JSON, or nested too deeply to be a request."""
    if body.count(b"[") + body.count(b"{") > DEEPEST and is_deep(body):
        raise ValueError("nested too deeply")
    return json.loads(body, parse_constant=refuse_constant)


def is_deep(body):
    """Counts the brackets outside of strings; what comes after an error no longer matters."""
    outside = b"".join(body.replace(rb"\\", b"").replace(rb'\"', b"").split(b'"')[::2])
    depth = 0
    for bracket in BRACKETS.finditer(outside):
        depth += 1 if outside[bracket.start()] in b"[{" else -1
        if depth > DEEPEST:
            return True
    return False


def refuse_constant(text):
    raise ValueError(f"{text} is not JSON")
