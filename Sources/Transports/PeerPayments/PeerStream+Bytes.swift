// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingLibP2P

extension PeerStream: PeerByteStream {
    public func read() async throws -> [UInt8]? { try await read(upTo: Self.pieceLength) }

    public func write(_ bytes: [UInt8]) async throws { try await write(bytes[...]) }
}
