// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import CoreMetrics
import Synchronization

/// One series of numbers: a counter, a gauge or a histogram under one set of labels.
final class Series: CounterHandler, FloatingPointCounterHandler, MeterHandler, RecorderHandler, TimerHandler {
    enum Kind: Sendable {
        case counter
        case gauge
        /// The upper bounds of the buckets, lowest first.
        case histogram([Double])

        var type: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    /// From ten microseconds to ten seconds.
    static let seconds: [Double] = [
        0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
        0.5, 1, 2.5, 5, 10,
    ]
    /// Powers of four, for counts and sizes.
    static let sizes: [Double] = (0...15).map { Double(1 << (2 * $0)) }

    private struct Values {
        /// Whole steps are counted apart, so that a counter never stops growing for want of digits.
        var count: Int64 = 0
        var sum: Double = 0
        var buckets: [Int64]
    }

    let kind: Kind
    private let values: Mutex<Values>

    init(_ kind: Kind) {
        self.kind = kind
        values = Mutex(Values(buckets: Array(repeating: 0, count: Self.bounds(kind).count)))
    }

    func increment(by amount: Int64) {
        values.withLock { values in
            let (sum, overflow) = values.count.addingReportingOverflow(amount)
            values.count = overflow ? .max : sum
        }
    }

    func increment(by amount: Double) { values.withLock { $0.sum += amount } }

    func decrement(by amount: Double) { values.withLock { $0.sum -= amount } }

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { values.withLock { $0.sum = value } }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        if case .gauge = kind { return set(value) }
        // One value that is no number would make the sum none for ever.
        guard !value.isNaN else { return }
        values.withLock { values in
            values.count &+= 1
            values.sum += value
            if let bucket = Self.bounds(kind).firstIndex(where: { value <= $0 }) { values.buckets[bucket] &+= 1 }
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1_000_000_000) }

    func reset() { values.withLock { $0 = Values(buckets: Array(repeating: 0, count: $0.buckets.count)) } }

    func lines(name: String, labels: String) -> [String] {
        let values = values.withLock { $0 }
        let own = labels.isEmpty ? "" : "{\(labels)}"
        switch kind {
        case .counter:
            let total = values.sum == 0 ? "\(values.count)" : Self.text(Double(values.count) + values.sum)
            return ["\(name)\(own) \(total)"]
        case .gauge:
            return ["\(name)\(own) \(Self.text(values.sum))"]
        case .histogram(let bounds):
            var below: Int64 = 0
            let separator = labels.isEmpty ? "" : ","
            let buckets = zip(bounds, values.buckets).map { bound, count in
                below += count
                return "\(name)_bucket{\(labels)\(separator)le=\"\(bound)\"} \(below)"
            }
            return buckets + [
                "\(name)_bucket{\(labels)\(separator)le=\"+Inf\"} \(values.count)",
                "\(name)_sum\(own) \(Self.text(values.sum))", "\(name)_count\(own) \(values.count)",
            ]
        }
    }

    private static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        return value.isInfinite ? (value > 0 ? "+Inf" : "-Inf") : "\(value)"
    }

    private static func bounds(_ kind: Kind) -> [Double] {
        if case .histogram(let bounds) = kind { bounds } else { [] }
    }
}
