// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension ClarityValue {
    /// How much a reader of values takes.
    public struct DecodingLimits: Hashable, Sendable {
        /// How many values may stand inside each other; 1 takes plain values only.
        public let depth: Int
        /// How long the bytes of one value may be.
        ///
        /// - Unit: bytes.
        public let bytes: Int

        /// - Parameters:
        ///   - depth: Values inside each other; brought into 1 through 64 when outside.
        ///   - bytes: Bytes of the whole; brought up to 1 when below.
        public init(depth: Int = ClarityValue.maximumDepth, bytes: Int = ClarityValue.maximumSize) {
            self.depth = min(max(depth, 1), 64)
            self.bytes = max(bytes, 1)
        }

        /// 32 levels and 1 MiB, as in contracts.
        public static let `default` = DecodingLimits()
    }
}
