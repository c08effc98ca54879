// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Foundation

/// What was measured with and against.
struct Versions: Sendable {
    /// Names and versions, in the order in which they are told.
    let all: [(name: String, version: String)]

    /// - Parameter python: The interpreter of the peers; `nil` leaves them out.
    init(package: URL, python: String?) {
        var all: [(String, String)] = []
        for (name, library) in [("libsecp256k1", "libsecp256k1"), ("SQLite", "sqlite3")] {
            if let version = Machine.output(of: ["pkg-config", "--modversion", library]) {
                all.append((name, version))
            }
        }
        let pins = Self.pins(package)
        for (name, identity) in [
            ("Hummingbird", "hummingbird"), ("SwiftNIO", "swift-nio"), ("GRDB", "grdb.swift"),
            ("swift-crypto", "swift-crypto"),
        ] {
            if let version = pins[identity] { all.append((name, version)) }
        }
        if let python {
            let script = """
                import sys, importlib.metadata as m
                print("Python", sys.version.split()[0])
                for name in ("x402", "fastapi", "uvicorn", "uvloop", "httptools", "coincurve"):
                    print(name, m.version(name))
                """
            for line in (Machine.output(of: [python, "-c", script]) ?? "").split(separator: "\n") {
                let words = line.split(separator: " ")
                if words.count == 2 { all.append((String(words[0]), String(words[1]))) }
            }
        }
        self.all = all
    }

    private static func pins(_ package: URL) -> [String: String] {
        guard let data = try? Data(contentsOf: package.appendingPathComponent("Package.resolved")),
            let pins = try? JSON.parse(Array(data))["pins"]?.arrayValue
        else { return [:] }
        return Dictionary(
            pins.compactMap { pin in
                guard let name = pin["identity"]?.stringValue, let version = pin["state"]?["version"]?.stringValue
                else { return nil }
                return (name, version)
            }, uniquingKeysWith: { first, _ in first })
    }
}
