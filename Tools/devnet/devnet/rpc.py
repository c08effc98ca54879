# SPDX-License-Identifier: Apache-2.0
"""JSON-RPC 2.0 at one endpoint: from the bytes of a request to the bytes of an answer."""
import json
import sys
import traceback

from . import bounded_json, control, faults, reading
from .errors import BAD_PARAMETERS, BAD_REQUEST, INTERNAL, PARSE_ERROR, UNKNOWN_METHOD, Refused
from .faults import Breakdown, Faults
from .methods import METHODS
from .parameters import arguments, shown
from .view import View

LONGEST_BATCH = 1_000
HOLDS = {"timeout", "close", "cut", "http", "garbage"}
TABLES = (reading, control)


class Endpoint:
    """One of the addresses at which a node answers, with faults of its own."""

    def __init__(self, node):
        self.node, self.faults = node, Faults()
        node.endpoints.append(self)

    def answer(self, body):
        """The answer to a request's bytes, none where nothing is to be answered. Throws `Breakdown`."""
        try:
            asked = bounded_json.parse(body)
        except ValueError:
            return encoded(failure(None, PARSE_ERROR, "parse error"))
        if not isinstance(asked, list):
            answer = self.answer_one(asked)
        elif not asked:
            answer = failure(None, BAD_REQUEST, "empty batch")
        elif len(asked) > LONGEST_BATCH:
            answer = failure(None, BAD_REQUEST, "batch too large")
        else:
            answer = [one for one in map(self.answer_one, asked) if one is not None] or None
        return None if answer is None else encoded(answer)

    def answer_one(self, asked):
        """A request's answer, none for a notification."""
        if not isinstance(asked, dict):
            return failure(None, BAD_REQUEST, "invalid request")
        name, method = asked.get("id"), asked.get("method")
        if isinstance(name, (dict, list, bool)):
            return failure(None, BAD_REQUEST, "invalid request: an id is a string, a number or null")
        if asked.get("jsonrpc") != "2.0" or not isinstance(method, str):
            return failure(name, BAD_REQUEST, "invalid request")
        answer = self._answer(name, method, asked.get("params"))
        return answer if "id" in asked else None

    def _answer(self, name, method, params):
        with self.node.lock:
            fault = self.faults.take(method)
        if fault is not None:
            if fault.kind in HOLDS:
                raise Breakdown(fault)
            if fault.kind == "slow":
                faults.wait(fault)
            if fault.kind == "error":
                return failure(name, fault.code, fault.message, fault.data)
            if fault.kind == "empty":
                return success(name, None)
        if method not in METHODS:
            return failure(name, UNKNOWN_METHOD, f"the method {shown(method)[1:-1]} does not exist/is not available")
        try:
            return success(name, self._run(method, params, fault))
        except Refused as refusal:
            return failure(name, refusal.code, str(refusal), refusal.data)
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            return failure(name, INTERNAL, f"internal error: {type(error).__name__}")

    def _run(self, method, params, fault):
        function, readers = METHODS[method]
        if isinstance(params, dict):
            raise Refused("non-array args", BAD_PARAMETERS)
        read = arguments(readers, params)
        kind = fault.kind if fault else None
        if kind == "drop" and method == "eth_sendRawTransaction":
            return faults.dropped(read[0])
        with self.node.lock:
            view = View(self.node.chain, fault.blocks if kind == "stale" else 0)
            view.endpoint = self
            result = function(self.node, view, *read)
        if kind == "wrong":
            return fault.value if fault.has_value else faults.wrong(result)
        return result


def success(name, result):
    return {"jsonrpc": "2.0", "id": name, "result": result}


def failure(name, code, text, data=None):
    error = {"code": code, "message": text}
    return {"jsonrpc": "2.0", "id": name, "error": error if data is None else error | {"data": data}}


def encoded(answer):
    return json.dumps(answer, separators=(",", ":")).encode()


