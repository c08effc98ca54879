// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Configuration
import FarthingChannels
import FarthingEncodings
import FarthingHTTP402
import FarthingPrimitives
import FarthingX402
import Foundation

/// Reads a node's settings from flags, the environment and a file; the first that has one decides.
public struct ConfigurationSource: Sendable {
    private let reader: ConfigReader

    /// - Parameters:
    ///   - flags: Settings from the command line, by their names in a file.
    ///   - environment: Variables such as `FARTHING_PAY_TO`, of which empty ones count as not set; `nil` takes those of
    ///     the process.
    ///   - file: A JSON file; a setting in it that is not known is an error.
    public init(
        flags: [Setting: [String]], environment: [String: String]? = nil, file: String?
    ) async throws {
        if let empty = flags.first(where: { $0.key != .routes && $0.value.last?.isEmpty ?? true })?.key {
            throw ConfigurationError.bad(key: empty.rawValue, value: "", why: "nothing stands behind its flag")
        }
        // A variable that is set to nothing is not set: it hides nothing in the file.
        let variables = (environment ?? ProcessInfo.processInfo.environment).filter { !$0.value.isEmpty }
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
                environmentVariables: variables, arraySeparator: ";"
            )
            .prefixKeys(with: "farthing"),
        ]
        if let file { providers.append(InMemoryProvider(name: file, values: try Self.values(in: file))) }
        reader = ConfigReader(providers: providers)
    }

    /// Reads a file, and finds what the reader would pass over in silence: unknown names, and values of a wrong type.
    private static func values(in path: String) throws -> [AbsoluteConfigKey: ConfigValue] {
        let bytes: [UInt8]
        do { bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path))) } catch {
            throw ConfigurationError.file(path: path, why: "it is not there, or may not be read")
        }
        let json: JSON
        do { json = try JSON.parse(bytes) } catch { throw ConfigurationError.file(path: path, why: error.message) }
        guard let members = json.members else { throw ConfigurationError.file(path: path, why: "it is not an object") }
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        for member in members {
            guard let setting = Setting(rawValue: member.name) else {
                throw ConfigurationError.unknown(key: member.name, nearest: Setting.nearest(to: member.name))
            }
            guard let content = content(of: member.value, for: setting) else {
                throw ConfigurationError.bad(
                    key: member.name, value: member.value.text,
                    why: setting == .routes
                        ? "it must be a list of strings" : "it must be a string, a whole number, true or false")
            }
            values[AbsoluteConfigKey([setting.rawValue])] = ConfigValue(content, isSecret: false)
        }
        return values
    }

    /// What a member says, as text; `nil` when it is of a type that the setting cannot have.
    private static func content(of json: JSON, for setting: Setting) -> ConfigContent? {
        if setting == .routes {
            guard let items = json.arrayValue else { return nil }
            let lines = items.compactMap(\.stringValue)
            return lines.count == items.count ? .stringArray(lines) : nil
        }
        return switch json {
        case .string(let text): .string(text)
        case .bool(let truth): .string("\(truth)")
        case .number(let number): number.integer.map { .string("\($0)") }
        case .array, .null, .object: nil
        }
    }

    // MARK: - Reading

    /// What a setting says, or `nil` when nobody set it.
    public func text(_ setting: Setting) -> String? {
        reader.string(forKey: ConfigKey([setting.rawValue])).flatMap { $0.isEmpty ? nil : $0 }
    }

    func required(_ setting: Setting) throws -> String {
        guard let text = text(setting) else { throw ConfigurationError.missing(key: setting.rawValue) }
        return text
    }

    /// A setting that is read by `parse`; what it cannot read is an error that says `why`.
    func value<Value>(_ setting: Setting, _ why: String, _ parse: (String) -> Value?) throws -> Value? {
        guard let text = text(setting) else { return nil }
        guard let value = parse(text) else {
            throw ConfigurationError.bad(key: setting.rawValue, value: text, why: why)
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
