// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels

/// Why a node cannot be started as it was told to.
public enum ConfigurationError: ExplainedError {
    case missing(key: String)
    /// - Parameter value: All of it; a message shows of an address its host, and of anything 80 characters.
    case bad(key: String, value: String, why: String)
    case unknown(key: String, nearest: String?)
    /// The file itself cannot be read.
    case file(path: String, why: String)
    /// - Parameter setting: Which one says where to listen.
    case portTaken(String, setting: Setting = .listen)
    /// - Parameter setting: Which one says where to listen.
    case cannotListen(String, why: String, setting: Setting = .listen)

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
        case .bad(let key, let value, let why):
            "'\(key)' is '\(Setting.shown(value, of: key).prefix(80))', but \(why.unended)."
        case .unknown(let key, _): "'\(key)' is not a setting."
        case .file(let path, let why): "The configuration file \(path) cannot be read: \(why.unended)."
        case .portTaken(let endpoint, _): "Another program listens on \(endpoint)."
        case .cannotListen(let endpoint, let why, _): "It is not possible to listen on \(endpoint): \(why.unended)."
        }
    }

    public var remedy: String? {
        switch self {
        case .missing(Setting.contracts.rawValue):
            "Deploy the contracts with `farthing stacks deploy`, and give the file that it writes with --contracts."
        case .missing(Setting.ledger.rawValue):
            "Give --ledger FILE, or --store STORE of the node that keeps it as STORE.ledger. \(Setting.variable("ledger")), "
                + "\(Setting.variable("store")) and the configuration file can name them too."
        case .missing(let key):
            "Give --\(Setting.flag(key)), set \(Setting.variable(key)), or put \"\(key)\" into the configuration file."
        case .bad: nil
        case .unknown(_, let nearest?): "Did you mean '\(nearest)'?"
        case .unknown(_, nil): "`farthing serve --help` lists the settings."
        case .file: "It must be one JSON object."
        case .portTaken(_, let setting):
            "Stop it, or choose another port with --\(Setting.flag(setting.rawValue)) \(setting.placeText)."
        case .cannotListen(_, _, let setting):
            "Choose another address with --\(Setting.flag(setting.rawValue)) \(setting.placeText)."
        }
    }
}

extension Setting {
    /// What says where to listen, in this setting.
    fileprivate var placeText: String { self == .libp2p ? "/ip4/ADDRESS/tcp/PORT" : "HOST:PORT" }
}
