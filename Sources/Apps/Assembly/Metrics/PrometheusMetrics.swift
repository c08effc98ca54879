// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import CoreMetrics
import Synchronization

/// Takes in what the program measures and tells it in the text form that Prometheus reads.
///
///     let metrics = PrometheusMetrics()
///     MetricsSystem.bootstrap(metrics)
///     print(metrics.text())
///
/// - Source: Prometheus text exposition format, version 0.0.4.
public final class PrometheusMetrics: MetricsFactory {
    /// How many series are kept.
    ///
    /// Labels may come from outside, and must not fill the memory: further series are measured and not told.
    public static let maximumSeries = 10_000

    private struct Key: Hashable {
        let name: String
        let labels: String
    }

    private struct Contents {
        var series: [Key: Series] = [:]
        /// A name is told with one type.
        ///
        /// Our own name is taken from the start.
        var types = [droppedName: ""]
        var dropped: Int64 = 0
    }

    private static let droppedName = "farthing_metrics_dropped_total"

    private let contents = Mutex(Contents())

    public init() {}

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, dimensions, .counter)
    }

    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        series(label, dimensions, .counter)
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions, .gauge)
    }

    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        series(label, dimensions, aggregate ? .histogram(Series.sizes) : .gauge)
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(label, dimensions, .histogram(Series.seconds))
    }

    // Series are kept for as long as the process lives: what was counted stays counted.
    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}

    private func series(_ label: String, _ dimensions: [(String, String)], _ kind: Series.Kind) -> Series {
        let key = Key(name: Self.name(label), labels: Self.labels(dimensions))
        return contents.withLock { contents in
            // The same name for another kind of series would make the text unreadable as a whole.
            let isOfType = contents.types[key.name, default: kind.type] == kind.type
            if isOfType, let known = contents.series[key] { return known }
            let fresh = Series(kind)
            guard isOfType, contents.series.count < Self.maximumSeries else {
                contents.dropped += 1
                return fresh
            }
            contents.series[key] = fresh
            contents.types[key.name] = kind.type
            return fresh
        }
    }

    /// All series in the order of their names and labels.
    public func text() -> String {
        let (series, dropped) = contents.withLock { ($0.series, $0.dropped) }
        var lines: [String] = []
        var lastName: String?
        for (key, one) in series.sorted(by: { ($0.key.name, $0.key.labels) < ($1.key.name, $1.key.labels) }) {
            if key.name != lastName { lines.append("# TYPE \(key.name) \(one.kind.type)") }
            lastName = key.name
            lines += one.lines(name: key.name, labels: key.labels)
        }
        lines.append("# TYPE \(Self.droppedName) counter")
        lines.append("\(Self.droppedName) \(dropped)")
        return lines.joined(separator: "\n") + "\n"
    }

    /// Names are letters, digits, `_` and `:`, and do not begin with a digit.
    private static func name(_ text: String) -> String {
        let name = String(
            text.unicodeScalars.map { scalar in
                switch scalar {
                case "a"..."z", "A"..."Z", "0"..."9", "_", ":": Character(scalar)
                default: "_"
                }
            })
        return name.first?.isNumber ?? true ? "_" + name : name
    }

    /// Labels in the order of their names, because their order means nothing; of two with one name, the first.
    private static func labels(_ dimensions: [(String, String)]) -> String {
        var values: [String: String] = [:]
        for (label, value) in dimensions {
            let name = name(label).replacing(":", with: "_")
            // `le` is what a histogram calls its own.
            let own = name == "le" ? "_le" : name
            if values[own] == nil { values[own] = value }
        }
        return values.sorted { $0.key < $1.key }.map { "\($0.key)=\"\(escaped($0.value))\"" }.joined(separator: ",")
    }

    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
    }
}
