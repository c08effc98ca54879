// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Configuration
import FarthingChannels
import FarthingEncodings
import FarthingHTTP402
import FarthingPrimitives
import Foundation
import SystemPackage

/// Reads a node's settings from flags, the environment and a file; the first that has one decides.
public struct ConfigurationSource: Sendable {
    private let reader: ConfigReader

    /// - Parameters:
    ///   - flags: Settings from the command line, by their names in a file.
    ///   - environment: Variables such as `FARTHING_PAY_TO`; `nil` takes those of the process.
    ///   - file: A JSON file; a setting in it that is not known is an error.
    public init(
        flags: [Setting: [String]], environment: [String: String]? = nil, file: String?
    ) async throws {
        var providers: [any ConfigProvider] = [
            InMemoryProvider(
                name: "flags",
                values: Dictionary(
                    uniqueKeysWithValues: flags.map { setting, values in
                        (
                            AbsoluteConfigKey([setting.rawValue]),
                            setting == .routes
                                ? ConfigValue(.stringArray(values), isSecret: false)
                                : ConfigValue(.string(values.last ?? ""), isSecret: false)
                        )
                    })),
            EnvironmentVariablesProvider(
                environmentVariables: environment ?? ProcessInfo.processInfo.environment, arraySeparator: ";"
            )
            .prefixKeys(with: "farthing"),
        ]
        if let file {
            try Self.check(file)
            providers.append(try await FileProvider<JSONSnapshot>(filePath: FilePath(file)))
        }
        reader = ConfigReader(providers: providers)
    }

    /// Finds what the reader would pass over in silence: unknown names, and values of a wrong type.
    private static func check(_ path: String) throws {
        let bytes: [UInt8]
        do { bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path))) } catch {
            throw ConfigurationError.file(path: path, why: "it is not there, or may not be read")
        }
        let json: JSON
        do { json = try JSON.parse(bytes) } catch { throw ConfigurationError.file(path: path, why: error.message) }
        guard let members = json.members else { throw ConfigurationError.file(path: path, why: "it is not an object") }
        for member in members {
            guard let setting = Setting(rawValue: member.name) else {
                throw ConfigurationError.unknown(key: member.name, nearest: Setting.nearest(to: member.name))
            }
            let isFit =
                switch member.value {
                case .string, .bool: setting != .routes
                case .number(let number): setting != .routes && number.integer != nil
                case .array(let items): setting == .routes && items.allSatisfy { $0.stringValue != nil }
                case .null, .object: false
                }
            guard isFit else {
                throw ConfigurationError.bad(
                    key: member.name, value: String(member.value.text.prefix(40)),
                    why: setting == .routes ? "it must be a list of strings" : "it must be a string or a whole number")
            }
        }
    }

    // MARK: - Reading

    /// What a setting says, or `nil` when nobody set it.
    public func text(_ setting: Setting) -> String? {
        let key = ConfigKey([setting.rawValue])
        if let text = reader.string(forKey: key) { return text.isEmpty ? nil : text }
        if let number = reader.int(forKey: key) { return "\(number)" }
        return reader.bool(forKey: key).map { "\($0)" }
    }

    func required(_ setting: Setting) throws -> String {
        guard let text = text(setting) else { throw ConfigurationError.missing(key: setting.rawValue) }
        return text
    }

    /// A setting that is read by `parse`; what it cannot read is an error that says `why`.
    func value<Value>(_ setting: Setting, _ why: String, _ parse: (String) -> Value?) throws -> Value? {
        guard let text = text(setting) else { return nil }
        guard let value = parse(text) else {
            throw ConfigurationError.bad(key: setting.rawValue, value: String(text.prefix(80)), why: why)
        }
        return value
    }

    func flag(_ setting: Setting) throws -> Bool? {
        try value(setting, "it must be true or false") { Bool($0) }
    }

    func seconds(_ setting: Setting, _ range: ClosedRange<Int64>) throws -> Int64? {
        try value(setting, "it must be a number of seconds from \(range.lowerBound) to \(range.upperBound)") { text in
            Int64(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    var routes: [String] { reader.stringArray(forKey: ConfigKey([Setting.routes.rawValue])) ?? [] }
}
