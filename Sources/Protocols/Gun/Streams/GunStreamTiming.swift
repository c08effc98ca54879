// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// How long the sides of streams wait for what relays may hold back.
public struct GunStreamTiming: Hashable, Sendable {
    /// How long a side that has taken something waits for something to say before it says just that.
    public var acknowledgement = Duration.milliseconds(15)
    /// After what time without news all is written again and looked for; each time after that takes twice as long.
    public var repetition = Duration.milliseconds(500)
    /// The longest of these times.
    public var longestRepetition = Duration.seconds(15)
    /// How often a side says that it is there.
    public var heartbeat = Duration.seconds(20)
    /// After what time without a word of the other side a stream is given up.
    public var silence = Duration.seconds(90)
    /// How long whoever calls waits for an answer before calling again.
    public var call = Duration.seconds(2)
    /// How long whoever calls waits in all, and whoever was called waits for a first word.
    public var patience = Duration.seconds(30)

    public init() {}
}

extension GunClientConfiguration {
    /// For a client of streams: nobody can make it keep more than streams need.
    public static var forStreams: GunClientConfiguration {
        var configuration = GunClientConfiguration()
        configuration.limits.keysPerNode = 16
        configuration.limits.valueBytes = GunStream.longestValue
        configuration.timing.acknowledgement = 3000
        configuration.timing.answer = 3000
        configuration.timing.settling = 20
        return configuration
    }
}
