// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// How much memory a process had at some time.
struct MemorySample: Sendable {
    /// - Unit: seconds since the load began.
    let time: Double
    /// How many had been taken in by then.
    let payments: Int
    let bytes: Double

    /// The slope of the straight line that lies closest to the samples.
    static func bytesPerSecond(_ samples: [MemorySample]) -> Double {
        let count = Double(samples.count)
        let time = samples.reduce(0) { $0 + $1.time } / count
        let bytes = samples.reduce(0) { $0 + $1.bytes } / count
        let spread = samples.reduce(0) { $0 + ($1.time - time) * ($1.time - time) }
        return spread == 0 ? 0 : samples.reduce(0) { $0 + ($1.time - time) * ($1.bytes - bytes) } / spread
    }

    /// Some of them, evenly apart, with the first and the last.
    static func thinned(_ samples: [MemorySample], to count: Int) -> [MemorySample] {
        samples.count <= count
            ? samples : (0..<count).map { samples[$0 * (samples.count - 1) / (count - 1)] }
    }
}
