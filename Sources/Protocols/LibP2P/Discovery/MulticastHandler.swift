// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import NIOCore

/// Asks and answers on the socket of a ``MulticastDiscovery``.
final class MulticastHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    /// The group is joined, so it is time to ask.
    struct Joined: Sendable {}

    private weak var host: PeerHost?
    private let group: SocketAddress
    private let configuration: MulticastDiscovery.Configuration
    private let found: AsyncStream<DiscoveredPeer>.Continuation
    /// Random for each start, since the name shall say nothing about the host.
    private let name: String
    private var remembered: RememberedPeers
    private var lastAnswer: NIODeadline?
    private var ticker: RepeatedTask?

    init(
        host: PeerHost?, group: SocketAddress, configuration: MulticastDiscovery.Configuration,
        found: AsyncStream<DiscoveredPeer>.Continuation
    ) {
        self.host = host
        self.group = group
        self.configuration = configuration
        self.found = found
        remembered = RememberedPeers(
            limit: MulticastDiscovery.mostRemembered, time: TimeAmount(configuration.memory))
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
        name = String((0..<40).map { _ in letters.randomElement() ?? "a" })
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is Joined else { return context.fireUserInboundEventTriggered(event) }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        ticker = context.eventLoop.scheduleRepeatedTask(
            initialDelay: .zero, delay: TimeAmount(configuration.interval)
        ) { _ in
            let (handler, context) = bound.value
            handler.send(MulticastDiscovery.query(), context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        ticker?.cancel()
        found.finish()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A packet that could not be sent or read; the next may.
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        guard let host, let message = try? DNSMessage(bytes: Array(envelope.data.readableBytesView)) else { return }
        if MulticastDiscovery.isQuery(message) { return answer(host, context) }
        let source = envelope.remoteAddress.ipAddress.flatMap { IPAddress(version4: $0) ?? IPAddress(version6: $0) }
        let peers = MulticastDiscovery.peers(
            in: message, from: source, loopback: configuration.includesLoopback)
        let now = NIODeadline.now()
        for peer in peers where peer.peer != host.peerID && remembered.isNews(peer, at: now) {
            host.learn(peer.addresses, of: peer.peer)
            found.yield(peer)
        }
    }

    private func answer(_ host: PeerHost, _ context: ChannelHandlerContext) {
        let now = NIODeadline.now()
        if let lastAnswer, now < lastAnswer + TimeAmount(configuration.answerInterval) { return }
        let addresses = host.announcedAddresses.filter { configuration.includesLoopback || !Self.isLoopback($0) }
        guard !addresses.isEmpty else { return }
        lastAnswer = now
        send(MulticastDiscovery.answer(name, peer: host.peerID, addresses: addresses), context)
    }

    private static func isLoopback(_ address: Multiaddr) -> Bool {
        if case .address(let ip) = address.tcpEndpoint?.host { ip.isLoopback } else { false }
    }

    private func send(_ message: DNSMessage, _ context: ChannelHandlerContext) {
        let buffer = context.channel.allocator.buffer(bytes: message.bytes)
        context.writeAndFlush(wrapOutboundOut(AddressedEnvelope(remoteAddress: group, data: buffer)), promise: nil)
    }
}
