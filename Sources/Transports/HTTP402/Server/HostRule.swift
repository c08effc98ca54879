// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import NIOCore
internal import NIOHTTP1
public import NIOHTTPTypes
internal import NIOHTTPTypesHTTP1

/// Takes a request without the one `Host` that it must have for no HTTP, so that it is answered 400.
///
/// Two servers may find different hosts in such a request, and then one lets pass what the other would not.
///
/// - Source: RFC 9112, section 3.2.
public final class HostRule: ChannelInboundHandler, RemovableChannelHandler {
    public typealias InboundIn = HTTPRequestPart

    /// Puts the rule where requests still have their version, wherever behind that place it is added itself.
    public init() {}

    public func handlerAdded(context: ChannelHandlerContext) {
        let pipeline = context.pipeline.syncOperations
        guard let codec = try? pipeline.context(handlerType: HTTP1ToHTTPServerCodec.self) else { return }
        try? pipeline.addHandler(Check(), position: .before(codec.handler))
    }

    /// The rule itself.
    final class Check: ChannelInboundHandler, RemovableChannelHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias InboundOut = HTTPServerRequestPart

        /// What follows a mistake is not understood any more.
        private var hasFailed = false

        init() {}

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard !hasFailed else { return }
            if case .head(let head) = unwrapInboundIn(data), !Self.isRight(head) {
                hasFailed = true
                return context.fireErrorCaught(HTTPParserError.invalidHeaderToken)
            }
            context.fireChannelRead(data)
        }

        private static func isRight(_ head: HTTPRequestHead) -> Bool {
            var hosts = 0
            for (name, value) in head.headers where name.utf8.count == 4 && name.lowercased() == "host" {
                hosts += 1
                guard hosts == 1, value.utf8.allSatisfy(isPartOfHost) else { return false }
            }
            return hosts == 1 || head.version.major < 1 || head.version == .http1_0
        }

        /// - Source: RFC 3986, section 3.2.2, and a port.
        private static func isPartOfHost(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "-._~%!$&'()*+,;=:[]".utf8.contains(byte)
            }
        }
    }
}
