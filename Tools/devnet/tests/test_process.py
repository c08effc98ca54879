# SPDX-License-Identifier: Apache-2.0
import http.client
import signal
import socket
import subprocess
import sys
import time
import urllib.parse

import pytest
from devnet import accounts
from devnet.server import LARGEST_BODY

from process import FOLDER, Process


def connect(devnet):
    place = urllib.parse.urlsplit(devnet.told["url"])
    return socket.create_connection((place.hostname, place.port), timeout=10)


def test_its_first_line_tells_all_and_it_ends_with_its_input():
    with Process("--endpoints", "3", "--accounts", "2", "--chain-id", "84532") as devnet:
        told = devnet.told
        assert told["url"] == told["urls"][0] and len(set(told["urls"])) == 3
        assert told["chainId"] == 84532 and told["fork"] == "osaka"
        assert [one["address"] for one in told["accounts"]] == [accounts.account(index).address for index in range(2)]
        assert told["accounts"][0]["key"] == "0x" + accounts.account(0).key.hex()
        assert {devnet("eth_chainId", endpoint=index) for index in range(3)} == {"0x14a34"}
        devnet("evm_mine", endpoint=0)
        assert {devnet("eth_blockNumber", endpoint=index) for index in range(3)} == {"0x1"}
        devnet.process.stdin.close()
        assert devnet.process.wait(5) == 0


def test_it_ends_when_told_to():
    with Process() as devnet:
        devnet.process.send_signal(signal.SIGTERM)
        assert devnet.process.wait(5) == 0


def test_it_starts_soon():
    times = []
    for _ in range(3):
        started = time.monotonic()
        with Process():
            times.append(time.monotonic() - started)
    assert min(times) < 1, times  # the best of three: the machine may be busy


def test_bodies_that_are_too_long_or_of_no_length_are_refused():
    with Process() as devnet:
        for headers, status in (
                (f"Content-Length: {LARGEST_BODY + 1}", b"413"), ("Content-Length: " + "9" * 30, b"413"),
                ("Content-Length: -5", b"411"), ("Transfer-Encoding: chunked", b"411")):
            with connect(devnet) as connection:
                connection.sendall(f"POST / HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n".encode())
                assert status in connection.recv(100)
        assert devnet.post(b" " * LARGEST_BODY)[0] == 200
        assert devnet("eth_chainId") == "0x7a69"


def test_what_is_not_http_or_breaks_off_does_no_harm():
    with Process() as devnet:
        for data in (b"\x00\xff" * 500, b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n{", b"GET", b"\r\n" * 100,
                     b"POST / HTTP/1.1\r\n" + b"A: b\r\n" * 1000 + b"\r\n"):
            with connect(devnet) as connection:
                connection.sendall(data)
        assert devnet("eth_chainId") == "0x7a69"
        assert devnet.post(b"[" * 1_000_000)[1] == (
            b'{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"parse error"}}')
        assert devnet("eth_chainId") == "0x7a69"


def test_a_page_may_ask_and_a_visitor_is_greeted():
    with Process() as devnet:
        place = urllib.parse.urlsplit(devnet.told["url"])
        for method, status in (("OPTIONS", 204), ("GET", 200)):
            connection = http.client.HTTPConnection(place.hostname, place.port, timeout=10)
            connection.request(method, "/")
            answer = connection.getresponse()
            assert answer.status == status and answer.getheader("Access-Control-Allow-Origin") == "*"
            connection.close()


def test_a_thousand_frames_fit_into_a_servers_thread():
    with Process() as devnet:
        devnet("anvil_setCode", "0x" + "aa" * 20, "0x5f5f5f5f5f305af100")
        assert devnet("eth_call", {"to": "0x" + "aa" * 20}) == "0x"


def test_blocks_at_intervals():
    with Process("--block-time", "0.2") as devnet:
        sender = devnet.told["accounts"][0]["address"]
        name = devnet("eth_sendTransaction", {"from": sender, "to": sender})
        assert devnet("eth_getTransactionReceipt", name) is None
        deadline = time.monotonic() + 5
        while devnet("eth_getTransactionReceipt", name) is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        devnet("evm_setIntervalMining", 0)
        head = devnet("eth_blockNumber")
        time.sleep(0.5)
        assert devnet("eth_blockNumber") == head


def test_many_at_once_see_one_chain():
    from concurrent.futures import ThreadPoolExecutor

    with Process("--accounts", "8") as devnet:
        senders = [one["address"] for one in devnet.told["accounts"]]

        def send(sender):
            return [devnet("eth_sendTransaction", {"from": sender, "to": sender, "gas": "0x5208"}) for _ in range(10)]

        with ThreadPoolExecutor(8) as pool:
            names = [name for part in pool.map(send, senders) for name in part]
        assert len(set(names)) == 80 and int(devnet("eth_blockNumber"), 16) == 80
        assert {devnet("eth_getTransactionReceipt", name)["status"] for name in names} == {"0x1"}


@pytest.mark.parametrize("arguments", [["--fork", "frontier"], ["--endpoints", "0"], ["--fund", "0x12"],
                                       ["--port", "70000"], ["--accounts", "x"], ["--block-time", "-1"]])
def test_wrong_arguments_end_it_with_a_reason(arguments):
    done = subprocess.run([sys.executable, "-m", "devnet", *arguments], cwd=FOLDER, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=20)
    assert done.returncode != 0 and done.stdout == "" and "Traceback" not in done.stderr and done.stderr
