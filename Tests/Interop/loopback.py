# SPDX-License-Identifier: Apache-2.0
"""What the peers that serve JSON have in common: a free port of loopback, and an end that comes with the parent's."""
import http.server
import json
import os
import sys
import threading


class LoopbackServer(http.server.ThreadingHTTPServer):
    """Serves JSON by its method `answer(path, body)`, which gives a status and a value; `body` is None for GET."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body are two writes; together with delayed acknowledgements each answer would take 40 ms longer.
    disable_nagle_algorithm = True

    def do_GET(self):
        self.reply(self.server.answer(self.path.rstrip("/"), None))

    def do_POST(self):
        try:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        except ValueError:
            return self.reply((400, {"error": "the body is not JSON"}))
        self.reply(self.server.answer(self.path.rstrip("/"), body))

    def reply(self, answer):
        status, value = answer
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass  # standard error is for what goes wrong


def tell(line):
    """Writes one whole line."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def end_with_parent():
    """Ends the process when its standard input does."""

    def wait():
        sys.stdin.buffer.read()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()
