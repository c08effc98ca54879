# SPDX-License-Identifier: Apache-2.0
"""The chain as it is shipped: a process of its own, asked over HTTP."""
import http.client
import json
import pathlib
import subprocess
import sys
import urllib.parse

FOLDER = pathlib.Path(__file__).resolve().parent.parent


class Process:
    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "devnet", *arguments], cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        self.told = json.loads(self.process.stdout.readline() or b"null")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait(10)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()

    def post(self, body, endpoint=0, timeout=10, headers=()):
        """Status and body of an answer."""
        place = urllib.parse.urlsplit(self.told["urls"][endpoint])
        connection = http.client.HTTPConnection(place.hostname, place.port, timeout=timeout)
        try:
            connection.request("POST", "/", body, {"Content-Type": "application/json"} | dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def ask(self, method, *params, endpoint=0, timeout=10):
        """The whole answer, of whatever kind."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
        return json.loads(self.post(body, endpoint, timeout)[1])

    def __call__(self, method, *params, endpoint=0, timeout=10):
        return self.ask(method, *params, endpoint=endpoint, timeout=timeout)["result"]
