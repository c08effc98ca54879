// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import CoreMetrics
import Testing

@testable import FarthingAssembly

@Suite("Metrics as Prometheus reads them")
struct PrometheusMetricsTests {
    private let metrics = PrometheusMetrics()

    @Test func `tell nothing but what was dropped when nothing was measured`() {
        #expect(metrics.text() == "# TYPE farthing_metrics_dropped_total counter\nfarthing_metrics_dropped_total 0\n")
    }

    @Test func `count whole steps and parts of them`() {
        metrics.makeCounter(label: "requests", dimensions: []).increment(by: 3)
        metrics.makeCounter(label: "requests", dimensions: []).increment(by: 4)
        metrics.makeFloatingPointCounter(label: "tokens", dimensions: []).increment(by: 1.25)
        #expect(lines() == ["# TYPE requests counter", "requests 7", "# TYPE tokens counter", "tokens 1.25"])
    }

    @Test func `never wrap round`() {
        let counter = metrics.makeCounter(label: "requests", dimensions: [])
        counter.increment(by: .max)
        counter.increment(by: 1)
        #expect(lines().last == "requests 9223372036854775807")
    }

    @Test func `tell what a gauge shows now`() {
        let meter = metrics.makeMeter(label: "connections", dimensions: [])
        meter.set(5 as Double)
        meter.increment(by: 2)
        meter.decrement(by: 0.5)
        metrics.makeRecorder(label: "heap", dimensions: [], aggregate: false).record(7 as Int64)
        metrics.makeRecorder(label: "heap", dimensions: [], aggregate: false).record(8 as Int64)
        #expect(lines() == ["# TYPE connections gauge", "connections 6.5", "# TYPE heap gauge", "heap 8.0"])
    }

    @Test func `spell what is beyond all numbers as Prometheus does`() {
        for value in [Double.infinity, -.infinity, .nan] {
            metrics.makeMeter(label: "level", dimensions: [("of", "\(value)")]).set(value)
        }
        #expect(lines().dropFirst() == [#"level{of="-inf"} -Inf"#, #"level{of="inf"} +Inf"#, #"level{of="nan"} NaN"#])
    }

    @Test func `sort times into buckets from ten microseconds to ten seconds`() {
        let timer = metrics.makeTimer(label: "duration_seconds", dimensions: [("outcome", "paid")])
        for nanoseconds in [0, 10_000, 10_001, 1_000_000, 400_000_000, 10_000_000_000, 60_000_000_000] as [Int64] {
            timer.recordNanoseconds(nanoseconds)
        }
        let lines = lines()
        #expect(lines.first == "# TYPE duration_seconds histogram")
        #expect(lines.contains(#"duration_seconds_bucket{outcome="paid",le="1e-05"} 2"#))
        #expect(lines.contains(#"duration_seconds_bucket{outcome="paid",le="2.5e-05"} 3"#))
        #expect(lines.contains(#"duration_seconds_bucket{outcome="paid",le="0.001"} 4"#))
        #expect(lines.contains(#"duration_seconds_bucket{outcome="paid",le="0.5"} 5"#))
        #expect(lines.contains(#"duration_seconds_bucket{outcome="paid",le="10.0"} 6"#))
        #expect(lines.contains(#"duration_seconds_bucket{outcome="paid",le="+Inf"} 7"#))
        #expect(lines.last == #"duration_seconds_count{outcome="paid"} 7"#)
        let sum = lines.first { $0.hasPrefix("duration_seconds_sum") }?.split(separator: " ").last.flatMap {
            Double($0)
        }
        #expect(abs((sum ?? 0) - 70.401_020_001) < 1e-9)
    }

    @Test func `sort sizes into buckets, and pass over what is no number`() {
        let recorder = metrics.makeRecorder(label: "bytes", dimensions: [], aggregate: true)
        for size in [1, 4, 5, .nan, 1e300] as [Double] { recorder.record(size) }
        let lines = lines()
        #expect(lines.contains(#"bytes_bucket{le="1.0"} 1"#))
        #expect(lines.contains(#"bytes_bucket{le="4.0"} 2"#))
        #expect(lines.contains(#"bytes_bucket{le="16.0"} 3"#))
        #expect(lines.suffix(3) == [#"bytes_bucket{le="+Inf"} 4"#, "bytes_sum 1e+300", "bytes_count 4"])
    }

    @Test func `stand in the order of names and labels, each name with its type once`() {
        for (name, city) in [("b", "oslo"), ("a", "rome"), ("b", "bern"), ("a", "oslo")] {
            metrics.makeCounter(label: name, dimensions: [("city", city)]).increment(by: 1)
        }
        #expect(
            lines() == [
                "# TYPE a counter", #"a{city="oslo"} 1"#, #"a{city="rome"} 1"#, "# TYPE b counter",
                #"b{city="bern"} 1"#,
                #"b{city="oslo"} 1"#,
            ])
        #expect(metrics.text() == metrics.text())
    }

    @Test func `have one series for one set of labels, whatever their order`() {
        metrics.makeCounter(label: "a", dimensions: [("x", "1"), ("y", "2")]).increment(by: 1)
        metrics.makeCounter(label: "a", dimensions: [("y", "2"), ("x", "1")]).increment(by: 1)
        metrics.makeCounter(label: "a", dimensions: [("x", "1"), ("y", "2"), ("x", "3")]).increment(by: 1)
        #expect(lines() == ["# TYPE a counter", #"a{x="1",y="2"} 3"#])
    }

    @Test(arguments: [
        ("http.requests-total", "http_requests_total"), ("2xx", "_2xx"), ("", "_"), ("größe", "gr__e"), ("a:b", "a:b"),
        ("a\nb{c}", "a_b_c_"),
    ])
    func `have names that can be read`(label: String, name: String) {
        metrics.makeCounter(label: label, dimensions: []).increment(by: 1)
        #expect(lines() == ["# TYPE \(name) counter", "\(name) 1"])
    }

    @Test(arguments: [
        ("a\"b", #"a\"b"#), (#"a\b"#, #"a\\b"#), ("a\nb", #"a\nb"#), ("a\r\nb", "a\r" + #"\nb"#), ("{a}=,", "{a}=,"),
        ("größe 🙂", "größe 🙂"), ("", ""),
    ])
    func `have labels whose values stay within their quotes`(value: String, written: String) {
        metrics.makeCounter(label: "a", dimensions: [("l.b:l", value)]).increment(by: 1)
        #expect(lines() == ["# TYPE a counter", "a{l_b_l=\"\(written)\"} 1"])
    }

    @Test func `leave the label of the buckets to the buckets`() {
        metrics.makeRecorder(label: "a", dimensions: [("le", "7")], aggregate: true).record(1 as Int64)
        #expect(lines().dropFirst().first == #"a_bucket{_le="7",le="1.0"} 1"#)
    }

    @Test func `tell a name with one type, and count the others as dropped`() {
        metrics.makeCounter(label: "a", dimensions: []).increment(by: 1)
        metrics.makeMeter(label: "a", dimensions: []).set(5 as Double)
        metrics.makeTimer(label: "a", dimensions: [("x", "1")]).recordNanoseconds(1)
        metrics.makeCounter(label: "farthing_metrics_dropped_total", dimensions: []).increment(by: 1)
        #expect(lines() == ["# TYPE a counter", "a 1"])
        #expect(metrics.text().hasSuffix("farthing_metrics_dropped_total 3\n"))
    }

    @Test func `stay bounded, whatever labels come from outside`() {
        for number in 0..<PrometheusMetrics.maximumSeries + 7 {
            metrics.makeCounter(label: "a", dimensions: [("n", "\(number)")]).increment(by: 1)
        }
        metrics.makeCounter(label: "a", dimensions: [("n", "0")]).increment(by: 1)
        let lines = lines()
        #expect(lines.count == PrometheusMetrics.maximumSeries + 1)
        #expect(lines.contains(#"a{n="0"} 2"#))
        #expect(metrics.text().hasSuffix("farthing_metrics_dropped_total 7\n"))
    }

    @Test func `lose nothing when many count at once`() async {
        await withTaskGroup { group in
            for task in 0..<8 {
                group.addTask {
                    for step in 0..<1_000 {
                        metrics.makeCounter(label: "a", dimensions: [("n", "\(step % 3)")]).increment(by: 1)
                        metrics.makeTimer(label: "b", dimensions: []).recordNanoseconds(Int64(task))
                        if step.isMultiple(of: 100) { _ = metrics.text() }
                    }
                }
            }
        }
        let lines = lines()
        let counts: [Int] = lines.filter { $0.hasPrefix("a{") }.compactMap { line in
            line.split(separator: " ").last.flatMap { Int($0) }
        }
        #expect(counts.reduce(0, +) == 8_000)
        #expect(lines.last == "b_count 8000")
    }

    @Test func `keep what was counted when its handler is let go`() {
        let counter = Counter(label: "a", dimensions: [], factory: metrics)
        counter.increment()
        counter.destroy()
        #expect(lines().last == "a 1")
        Counter(label: "a", dimensions: [], factory: metrics).reset()
        #expect(lines().last == "a 0")
    }

    /// All lines but those that tell of dropped series.
    private func lines() -> [String] { metrics.text().split(separator: "\n").dropLast(2).map { String($0) } }
}
