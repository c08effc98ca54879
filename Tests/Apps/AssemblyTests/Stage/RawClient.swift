// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import NIOCore
import NIOPosix
import Testing

/// A TCP connection on which a test says exactly what it wants, and reads answers one after the other.
///
/// Nothing is read before it is asked for, so a test can be a client that does not keep up.
final class RawClient {
    struct Reply {
        let status: Int
        let fields: [(name: String, value: String)]
        let body: String

        subscript(_ name: String) -> String? { fields.first { $0.name == name.lowercased() }?.value }
        var json: JSON? { try? JSON.parse(body) }
        var code: String? { json?["code"]?.stringValue }
        /// What stands in PAYMENT-RESPONSE.
        var receipt: JSON? {
            self["payment-response"].flatMap { try? Base64.decode($0, maximumBytes: 65_536) }
                .flatMap { try? JSON.parse($0) }
        }
        var charged: String? { receipt?["extra"]?["chargedAmount"]?.stringValue }
        /// What the answer says, but for what differs from one to the next.
        var lasting: [String] {
            fields.filter { !["date", "payment-response"].contains($0.name) }.map { "\($0.name): \($0.value)" }.sorted()
        }
    }

    private let channel: any Channel
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private var received = ByteBuffer()

    private init(
        _ channel: any Channel, inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
        outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) {
        self.channel = channel
        self.outbound = outbound
        self.inbound = inbound.makeAsyncIterator()
    }

    /// Connects to this machine, and hangs up when the closure returns.
    static func open<Result>(_ port: Int, _ body: (RawClient) async throws -> Result) async throws -> Result {
        let stream = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(to: SocketAddress(ipAddress: "127.0.0.1", port: port)) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(
                            isOutboundHalfClosureEnabled: true, inboundType: ByteBuffer.self,
                            outboundType: ByteBuffer.self))
                }
            }
        return try await stream.executeThenClose { inbound, outbound in
            try await body(RawClient(stream.channel, inbound: inbound, outbound: outbound))
        }
    }

    func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

    /// Sends while something else reads.
    var sender: @Sendable (String) async throws -> Void {
        { [outbound] text in try await outbound.write(ByteBuffer(string: text)) }
    }

    /// Says that nothing more will be sent, and goes on reading.
    func finishSending() { outbound.finish() }

    /// Goes away without a farewell: the other side sees its connection reset.
    func reset() async throws {
        try await channel.setOption(.socketOption(.so_linger), value: 0).get()
        try await channel.close()
    }

    /// Reads one answer.
    ///
    /// - Parameter hasBody: Whether it has the body whose length it tells.
    func reply(hasBody: Bool = true) async throws -> Reply {
        let head = try await head()
        // A carriage return and a line feed are one character.
        let lines = head.split(separator: "\r\n")
        let status = try #require(lines.first.flatMap { Int($0.split(separator: " ")[1]) })
        let fields = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (name: parts[0].lowercased(), value: parts.count > 1 ? String(parts[1].drop { $0 == " " }) : "")
        }
        var body = ""
        if hasBody, status != 204, status != 304 {
            let length = try #require(fields.first { $0.name == "content-length" }.flatMap { Int($0.value) })
            while received.readableBytes < length { try #require(await receive(), "the body broke off") }
            body = received.readString(length: length) ?? ""
        }
        return Reply(status: status, fields: fields, body: body)
    }

    /// Sends a request and reads the answer to it.
    func ask(_ request: String, hasBody: Bool = true) async throws -> Reply {
        try await send(request)
        return try await reply(hasBody: hasBody)
    }

    /// Reads what still comes until the other side has ended the connection.
    func rest() async -> String {
        while await receive() {}
        return received.readString(length: received.readableBytes) ?? ""
    }

    private func head() async throws -> String {
        let end = Array("\r\n\r\n".utf8)
        while true {
            if let range = received.readableBytesView.firstRange(of: end) {
                return received.readString(length: range.upperBound - received.readerIndex) ?? ""
            }
            try #require(await receive(), "the connection ended before an answer")
        }
    }

    /// - Returns: `false` when nothing more will come; how it ended makes no difference.
    private func receive() async -> Bool {
        guard let part = try? await inbound.next(isolation: #isolation) else { return false }
        received.writeImmutableBuffer(part)
        return true
    }
}
