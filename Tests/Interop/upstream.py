#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An API that knows nothing of payments, and tells on standard output how often it was called.

Its first line is {"listening": "http://127.0.0.1:PORT"}, then comes a line {"call": "/weather"} for each GET, written
before the answer. It ends when its standard input does, so that it cannot outlive whoever started it.

    /weather              200 at once
    /metered?amount=TEXT  200, and the header Settlement-Overrides with that amount
    /fail                 500
    /slow                 200 after a second
    /hang                 no answer at all
    /broken?length=BYTES  200, and the connection breaks in the middle of the body
"""
import http.server
import json
import os
import sys
import threading
import time
import urllib.parse


def tell(line):
    """Writes a whole line at once, because each call has a thread of its own."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


class Upstream(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.answer(200, {})

    def do_GET(self):
        path, _, query = self.path.partition("?")
        asked = urllib.parse.parse_qs(query)
        tell({"call": path})
        match path:
            case "/weather":
                self.answer(200, {"high": 28, "low": 18})
            case "/metered":
                amount = asked["amount"][0]
                self.answer(200, {"metered": amount}, {"Settlement-Overrides": json.dumps({"amount": amount})})
            case "/fail":
                self.answer(500, {"error": "out of order"})
            case "/slow":
                time.sleep(1)
                self.answer(200, {"high": 28})
            case "/hang":
                time.sleep(600)
            case "/broken":
                self.answer(200, "-" * (int(asked["length"][0]) // 2), missing=int(asked["length"][0]) // 2)
                self.close_connection = True
            case _:
                self.answer(404, {"error": "no such thing"})

    def answer(self, status, value, headers=None, missing=0):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body) + missing))
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_):
        pass  # what happens is told on standard output


def end_with_parent():
    sys.stdin.buffer.read()
    os._exit(0)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
server.daemon_threads = True
threading.Thread(target=end_with_parent, daemon=True).start()
tell({"listening": f"http://127.0.0.1:{server.server_address[1]}"})
server.serve_forever()
