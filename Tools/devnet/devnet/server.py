# SPDX-License-Identifier: Apache-2.0
"""HTTP on loopback, one port for each endpoint."""
import http.server
import threading

from .faults import Breakdown, wait

LARGEST_BODY = 5 * 1024 * 1024
IDLE_SECONDS = 120
MOST_CONNECTIONS = 512
STACK = 16 * 1024 * 1024
"""Room for a thousand nested calls of contracts; what is not used is not taken."""


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, endpoint, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.endpoint = endpoint
        self.places = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def process_request(self, request, client_address):
        if not self.places.acquire(blocking=False):
            return self.shutdown_request(request)
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread can be started
            self.places.release()
            self.shutdown_request(request)

    def process_request_thread(self, request, client_address):
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.places.release()

    def handle_error(self, request, client_address):
        pass  # a client that went away is no error

    def start(self):
        """Serves in a thread of its own."""
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    # Head and body are two writes; together with delayed acknowledgements each answer would take 40 ms longer.
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_POST(self):
        size = self.headers.get("Content-Length", "")
        if not size.isascii() or not size.isdigit():
            return self.refuse(411, "a request says how long it is")
        if len(size) > 9 or int(size) > LARGEST_BODY:
            return self.refuse(413, f"a request has at most {LARGEST_BODY} bytes")
        body = self.rfile.read(int(size))
        if len(body) < int(size):
            self.close_connection = True
            return None
        try:
            answer = self.server.endpoint.answer(body)
        except Breakdown as breakdown:
            return self.break_down(breakdown.fault)
        return self.reply(200, b"" if answer is None else answer)

    def do_GET(self):
        self.reply(200, b"Farthing's local EVM chain. Ask by POST, in JSON-RPC 2.0.\n", "text/plain")

    def do_OPTIONS(self):
        self.reply(204, b"")

    def refuse(self, status, text):
        self.close_connection = True
        self.reply(status, text.encode() + b"\n", "text/plain")

    def reply(self, status, body, kind="application/json", headers=()):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        # Pages of wallets in development run anywhere.
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Access-Control-Allow-Headers", "*")
        if self.close_connection:
            self.send_header("Connection", "close")
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD" and status != 204:
            self.wfile.write(body)
        self.wfile.flush()

    def break_down(self, fault):
        """What an injected fault does instead of answering."""
        if fault.kind == "http":
            headers = [("Retry-After", "1")] if fault.status in (429, 503) else []
            text = fault.value if isinstance(fault.value, str) else fault.message
            return self.reply(fault.status, text.encode() + b"\n", "text/plain", headers)
        if fault.kind == "garbage":
            text = fault.value if isinstance(fault.value, str) else '{"jsonrpc": "2.0", "id": 1, "result": "0x'
            return self.reply(200, text.encode("utf-8", "surrogatepass"))
        if fault.kind == "timeout":
            wait(fault)
        if fault.kind == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "4096")
            self.end_headers()
            self.wfile.write(b'{"jsonrpc":"2.0","id":1,"res')
            self.wfile.flush()
        self.close_connection = True
        return None

    def log_message(self, *_):
        pass  # standard error is for what goes wrong
