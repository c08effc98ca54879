// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation

/// What an upstream makes of one request.
///
/// | path | answer |
/// |---|---|
/// | `/status/N` | that status |
/// | `/slow/N` | after N milliseconds |
/// | `/held` | once the test lets it go |
/// | `/hang` | none, as long as anybody waits |
/// | `/silent` | the head and half of the body, then nothing |
/// | `/silent-long` | the head and half of two megabytes, then nothing |
/// | `/dead` | none: it hangs up |
/// | `/half` | the head and half of a small body, then it hangs up |
/// | `/half-long` | the head and half of two megabytes, then it hangs up |
/// | `/half-chunked` | some chunks without the last one, then it hangs up |
/// | `/drip/N` | 256 bytes each N milliseconds, without an end |
/// | `/events/N` | N server-sent events of some 100 bytes |
/// | `/half-events/N` | the same, and the connection breaks off once the test lets it go |
/// | `/big/N` | N bytes |
/// | `/charge?X` | `Settlement-Overrides` with that amount |
/// | `/garbled-charge` | `Settlement-Overrides` that nobody can read |
/// | `/lies/N` | that status, with headers that only the gate may send |
/// | `/echo` | the request's headers and body |
/// | else | a short text |
struct UpstreamAnswer {
    let request: TestUpstream.Request
    let socket: TCPSocket
    private let wait: () -> Void
    private let words: [String]

    /// - Parameter wait: Returns when the test lets a request go on.
    init(to request: TestUpstream.Request, on socket: TCPSocket, wait: @escaping () -> Void) {
        self.request = request
        self.socket = socket
        self.wait = wait
        words = request.path.split(separator: "/").map(String.init)
    }

    /// - Returns: Whether the connection may be used again.
    func give() throws -> Bool {
        switch words.first {
        case "status": try send(status: number ?? 200, "This is what was asked for.")
        case "slow":
            Thread.sleep(forTimeInterval: Double(number ?? 0) / 1000)
            try send("It took a while.")
        case "held":
            wait()
            try send("At last.")
        case "hang":
            _ = socket.waitForEnd(within: .seconds(60))
            return false
        case "silent":
            try head(length: 20)
            try send(raw: "half of it.")
            _ = socket.waitForEnd(within: .seconds(60))
            return false
        case "silent-long":
            try head(length: 2_000_000)
            try send(count: 1_000_000)
            _ = socket.waitForEnd(within: .seconds(60))
            return false
        case "dead": return false
        case "half":
            try head(length: 1000)
            try send(raw: String(repeating: "x", count: 500))
            return false
        case "half-long":
            try head(length: 2_000_000)
            try send(count: 1_000_000)
            return false
        case "half-chunked":
            try send(raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
            Thread.sleep(forTimeInterval: 0.1)
            try send(raw: "5\r\nworld\r\n")
            return false
        case "drip":
            try send(raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while !socket.waitForEnd(within: .milliseconds(Int64(number ?? 10))) {
                try send(raw: "100\r\n" + String(repeating: "x", count: 256) + "\r\n")
            }
            return false
        case "events", "half-events":
            try send(raw: "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            for event in 1...max(number ?? 1, 1) {
                let text = "data: \(event) " + String(repeating: "x", count: 100) + "\n\n"
                try send(raw: "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n")
            }
            if words[0] == "half-events" {
                // What is not paid for when it breaks off never goes out, and a payer takes its time.
                wait()
                return false
            }
            try send(raw: "0\r\n\r\n")
        case "big":
            try head(length: number ?? 0)
            try send(count: number ?? 0)
        case "charge":
            let amount = request.target.drop { $0 != "?" }.dropFirst().removingPercentEncoding ?? ""
            try send("Cheaper.", headers: ["Settlement-Overrides: {\"amount\":\"\(amount)\"}"])
        case "garbled-charge": try send("How much?", headers: ["Settlement-Overrides: a lot"])
        case "lies":
            try send(
                status: number ?? 200, "Paid, honestly.",
                headers: ["PAYMENT-RESPONSE: e30=", "PAYMENT-REQUIRED: e30=", "X-PAYMENT-RESPONSE: e30="])
        case "echo": try send(echo)
        default: try send("This is \(request.target).")
        }
        return true
    }

    private var number: Int? { words.count > 1 ? Int(words[1]) : nil }

    private var echo: String {
        ([request.head.firstLine] + request.head.headers.map { "\($0.name): \($0.value)" }).joined(separator: "\n")
            + "\n\n" + String(decoding: request.body, as: UTF8.self)
    }

    private func send(status: Int = 200, _ text: String, headers: [String] = []) throws {
        let lines = ["HTTP/1.1 \(status) Said", "Content-Type: text/plain", "Content-Length: \(text.utf8.count)"]
        let hasBody = request.method != "HEAD" && status != 204 && status != 304
        try send(raw: (lines + headers).joined(separator: "\r\n") + "\r\n\r\n" + (hasBody ? text : ""))
    }

    private func head(length: Int) throws { try send(raw: "HTTP/1.1 200 OK\r\nContent-Length: \(length)\r\n\r\n") }

    private func send(raw text: String) throws { try socket.send(Array(text.utf8)) }

    /// Sends so many bytes without ever having them all.
    private func send(count: Int) throws {
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 256 * 1024)
        var left = count
        while left > 0 {
            try socket.send(left >= piece.count ? piece : Array(piece.prefix(left)), within: .seconds(60))
            left -= min(left, piece.count)
        }
    }
}
