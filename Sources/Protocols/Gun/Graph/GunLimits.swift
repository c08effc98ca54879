// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// How much a peer may ask of this side; all that grows by what peers send has its bound here.
public struct GunLimits: Hashable, Sendable {
    /// - Unit: bytes of UTF-8 in one message or batch, whole or in fragments.
    public var messageBytes = 1_048_576
    /// How many messages one batch may hold.
    public var batchMessages = 512
    /// - Unit: bytes of UTF-8.
    public var idBytes = 128
    /// - Unit: bytes of UTF-8.
    public var soulBytes = 1024
    /// - Unit: bytes of UTF-8.
    public var keyBytes = 1024
    /// - Unit: bytes of a text.
    public var valueBytes = 524_288
    /// How many nodes one message may write.
    public var nodesPerMessage = 1024
    /// How many keys a node may have, in a message and when kept.
    public var keysPerNode = 10_000
    /// How many nodes are kept.
    public var nodes = 100_000
    /// - Unit: bytes of souls, keys and values that are kept.
    public var graphBytes = 268_435_456
    /// How many values with a future state wait for their time.
    public var deferred = 2048
    /// - Unit: bytes of souls, keys and values that wait for their time.
    public var deferredBytes = 16_777_216
    /// How far ahead a state may lie; what lies further is dropped.
    ///
    /// - Unit: milliseconds.
    public var deferral = 86_400_000.0
    /// How many souls and keys one peer may have asked for.
    public var subscriptionsPerPeer = 4096
    /// How much all that peers of a relay have asked for may take; a peer may ask for as much as is still free.
    ///
    /// - Unit: bytes of souls and keys, and 64 for each.
    public var subscribedBytesInAll = 134_217_728
    /// How many peers may be connected at once.
    public var peers = 1024
    /// How many message ids are remembered to recognise repetitions.
    public var rememberedMessages = 65_536
    /// How much waits for one peer to take it; a peer that is slower, or asks for more in one batch, is disconnected.
    ///
    /// - Unit: bytes.
    public var outboxBytes = 4_194_304
    /// How much may wait for a relay's disk: beyond it nothing more is read, and while the disk fails writes are refused.
    ///
    /// - Unit: bytes of souls, keys and values, and of the answers that wait with them.
    public var unwrittenBytes = 16_777_216
    /// How much of the graph is looked through for one peer's questions; a peer that asks for more is read more slowly.
    ///
    /// - Unit: bytes of keys and values a second, whether they are sent or not.
    public var questionBytesPerSecond = 8_388_608.0
    /// From how many bytes on a node is answered in several messages.
    public var replyBytes = 262_144
    /// When this much waits for all peers of a relay together, those for whom most waits are disconnected.
    ///
    /// - Unit: bytes; the usual bound has room for the longest value, and for 64 KiB of it that are being written, for
    ///   each of as many peers as may be connected.
    public var outboxBytesInAll = 608_174_080
    /// How much came from all peers of a relay together and is not taken in yet; a peer that holds more than is still
    /// free is disconnected.
    ///
    /// - Unit: bytes; the usual bound has room for half a longest message from each of as many peers as may be connected.
    public var inboxBytesInAll = 536_870_912
    /// How long a peer may take to make room for one piece of what it is sent; then it is disconnected.
    ///
    /// A piece has at most 64 KiB, so whoever takes a few KiB a second is fast enough.
    public var writing = Duration.seconds(60)

    public init() {}
}
