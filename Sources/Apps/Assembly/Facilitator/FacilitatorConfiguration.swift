// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingEncodings
public import FarthingPrimitives
import Foundation

/// All that a facilitator must be told.
public struct FacilitatorConfiguration: Sendable {
    public var listen = NodeConfiguration.Endpoint(host: "127.0.0.1", port: 4021)
    public var network: Network
    public var token: Token
    /// The file of the embedded ledger; made when it is not there.
    public var ledgerPath: String
    /// The chain on which to settle instead of a ledger.
    ///
    /// The authorizer's key pays for gas.
    public var chain: ChainPlace?
    /// The file of the key that is offered to payees as their authorizer; made when it is not there.
    ///
    /// `nil` offers none.
    public var authorizerKeyPath: String?
    /// For whom the authorizer's key signs refunds.
    public var payees = FacilitatedPayees.none
    public var limits = SponsorLimits()
    /// How long requests under way may take when the facilitator is asked to stop.
    public var shutdownTimeout: Duration = .seconds(30)
    public var servesMetrics = true

    public init(network: Network, token: Token, ledgerPath: String) {
        self.network = network
        self.token = token
        self.ledgerPath = ledgerPath
    }
}

extension ConfigurationSource {
    /// Reads all that a facilitator must be told.
    ///
    /// - Throws: ``ConfigurationError`` that names the setting.
    public func facilitatorConfiguration() throws -> FacilitatorConfiguration {
        var configuration = FacilitatorConfiguration(
            network: try network(), token: try token(), ledgerPath: "")
        configuration.chain = try chain()
        if configuration.chain == nil { configuration.ledgerPath = try required(.ledger) }
        if let listen = try value(.listen, "it must be HOST:PORT", NodeConfiguration.Endpoint.init) {
            configuration.listen = listen
        }
        configuration.authorizerKeyPath =
            configuration.chain == nil ? text(.authorizerKey) : try required(.authorizerKey)
        configuration.payees = try payeeSecrets() ?? .none
        configuration.servesMetrics = try flag(.metrics) ?? true
        func limit(
            _ setting: Setting, _ keyPath: WritableKeyPath<SponsorLimits, Int>, upTo most: Int = 1_000_000_000
        ) throws {
            let number = try value(setting, "it must be a whole number from 1 to \(most)") { text in
                Int(text).flatMap { (1...most).contains($0) ? $0 : nil }
            }
            if let number { configuration.limits[keyPath: keyPath] = number }
        }
        try limit(.accountPerMinute, \.accountPerMinute)
        try limit(.accountPerDay, \.accountPerDay)
        try limit(.totalPerMinute, \.totalPerMinute)
        try limit(.totalPerDay, \.totalPerDay)
        try limit(.accountGweiPerDay, \.accountGweiPerDay, upTo: 1_000_000_000_000_000)
        try limit(.totalGweiPerDay, \.totalGweiPerDay, upTo: 1_000_000_000_000_000)
        return configuration
    }

    /// Reads whose refunds are signed, from a file that nobody else may read.
    ///
    /// What is wrong with it is told without a word of what stands in it.
    private func payeeSecrets() throws -> FacilitatedPayees? {
        guard let path = text(.payeeSecrets) else { return nil }
        func bad(_ why: String) -> ConfigurationError {
            .bad(key: Setting.payeeSecrets.rawValue, value: path, why: why)
        }
        guard let bytes = FileManager.default.contents(atPath: path) else { throw bad("there is no such file") }
        let mode = try? FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        guard let mode, mode & 0o077 == 0 else { throw bad("others may read that file; it must have mode 0600") }
        var secrets: [Address: String] = [:]
        for member in (try? JSON.parse(Array(bytes.prefix(65_536))).members) ?? [] {
            guard let receiver = Address(hex: member.name), let secret = member.value.stringValue,
                secrets.updateValue(secret, forKey: receiver) == nil
            else { throw bad(Self.payeeSecretsRule) }
        }
        guard !secrets.isEmpty, let payees = FacilitatedPayees(secrets) else { throw bad(Self.payeeSecretsRule) }
        return payees
    }

    private static let payeeSecretsRule =
        "it must be one JSON object: receivers, and for each a secret of \(FacilitatedPayees.shortest) bytes or more"
}
