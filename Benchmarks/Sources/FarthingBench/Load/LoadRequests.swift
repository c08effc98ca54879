// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import CLoad

/// All requests of a turn as they travel, made before the clock starts.
struct LoadRequests: Sendable {
    let bytes: [UInt8]
    let pieces: [load_piece]
    /// Where each connection's pieces begin, and the end; `nil` lets any free connection take the next.
    let firsts: [UInt32]?
    let connections: Int

    /// How many answers it all brings.
    var answers: Int { pieces.reduce(0) { $0 + Int($1.answers) } }

    /// What each connection sends, in order.
    ///
    /// - Parameter pipelined: How many requests go out together.
    init(lanes: [[[UInt8]]], pipelined: Int = 1) {
        var builder = Builder()
        var firsts: [UInt32] = []
        for lane in lanes {
            firsts.append(UInt32(builder.pieces.count))
            for start in stride(from: 0, to: lane.count, by: pipelined) {
                builder.add(lane[start..<min(start + pipelined, lane.count)])
            }
        }
        firsts.append(UInt32(builder.pieces.count))
        self.init(builder, firsts: firsts, connections: lanes.count)
    }

    /// The same requests in the order of a fixed rate: the first of each connection, the second of each, and so on.
    ///
    /// - Parameter lanes: All of one length.
    init(turnByTurn lanes: [[[UInt8]]]) {
        var builder = Builder()
        for turn in 0..<(lanes.map(\.count).min() ?? 0) {
            for lane in lanes { builder.add([lane[turn]]) }
        }
        self.init(builder, firsts: nil, connections: lanes.count)
    }

    /// Requests that whichever connection is free sends next.
    init(shared requests: [[UInt8]], connections: Int) {
        var builder = Builder()
        for request in requests { builder.add([request]) }
        self.init(builder, firsts: nil, connections: connections)
    }

    /// One request again and again.
    init(repeating request: [UInt8], count: Int, connections: Int, pipelined: Int = 1) {
        var builder = Builder()
        builder.add(ArraySlice(repeatElement(request, count: pipelined)))
        let each = max(1, count / connections / pipelined)
        builder.pieces = Array(repeating: builder.pieces[0], count: each * connections)
        self.init(
            builder, firsts: (0...connections).map { UInt32($0 * each) }, connections: connections)
    }

    private init(_ builder: Builder, firsts: [UInt32]?, connections: Int) {
        bytes = builder.bytes
        pieces = builder.pieces
        self.firsts = firsts
        self.connections = connections
    }

    static func get(_ path: String, payment: String? = nil) -> [UInt8] {
        let header = payment.map { "PAYMENT-SIGNATURE: \($0)\r\n" } ?? ""
        return Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\(header)\r\n".utf8)
    }

    static func post(_ path: String, json: String) -> [UInt8] {
        Array(
            ("POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                + "Content-Length: \(json.utf8.count)\r\n\r\n" + json).utf8)
    }

    private struct Builder {
        var bytes: [UInt8] = []
        var pieces: [load_piece] = []

        mutating func add(_ requests: ArraySlice<[UInt8]>) {
            let offset = bytes.count
            for request in requests { bytes += request }
            pieces.append(
                load_piece(
                    offset: UInt64(offset), length: UInt32(bytes.count - offset), answers: UInt32(requests.count)))
        }
    }
}
