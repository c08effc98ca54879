// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels

/// Why a node cannot be started as it was told to.
public enum ConfigurationError: ExplainedError {
    case missing(key: String)
    case bad(key: String, value: String, why: String)
    case unknown(key: String, nearest: String?)
    /// The file itself cannot be read.
    case file(path: String, why: String)
    case portTaken(String)
    case cannotListen(String, why: String)

    public var code: String {
        switch self {
        case .missing: "config.missing"
        case .bad: "config.bad-value"
        case .unknown: "config.unknown-key"
        case .file: "config.file"
        case .portTaken: "listen.port-taken"
        case .cannotListen: "listen.refused"
        }
    }

    public var message: String {
        switch self {
        case .missing(let key): "'\(key)' is not set."
        case .bad(let key, let value, let why): "'\(key)' is '\(value.prefix(80))', but \(why)."
        case .unknown(let key, _): "'\(key)' is not a setting."
        case .file(let path, let why): "The configuration file \(path) cannot be read: \(why)."
        case .portTaken(let endpoint): "Another program listens on \(endpoint)."
        case .cannotListen(let endpoint, let why): "It is not possible to listen on \(endpoint): \(why)."
        }
    }

    public var remedy: String? {
        switch self {
        case .missing(let key):
            "Give --\(Setting.flag(key)), set \(Setting.variable(key)), or put \"\(key)\" into the configuration file."
        case .bad: nil
        case .unknown(_, let nearest?): "Did you mean '\(nearest)'?"
        case .unknown(_, nil): "`farthing serve --help` lists the settings."
        case .file: "It must be one JSON object."
        case .portTaken: "Stop it, or choose another port with --listen HOST:PORT."
        case .cannotListen: "Choose another address with --listen HOST:PORT."
        }
    }
}
