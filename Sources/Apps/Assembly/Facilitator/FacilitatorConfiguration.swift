// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

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
        configuration.servesMetrics = try flag(.metrics) ?? true
        func limit(_ setting: Setting, _ keyPath: WritableKeyPath<SponsorLimits, Int>) throws {
            let rule = "it must be a whole number from 1 to 1000000000"
            let number = try value(setting, rule) { text in
                Int(text).flatMap { (1...1_000_000_000).contains($0) ? $0 : nil }
            }
            if let number { configuration.limits[keyPath: keyPath] = number }
        }
        try limit(.accountPerMinute, \.accountPerMinute)
        try limit(.accountPerDay, \.accountPerDay)
        try limit(.totalPerMinute, \.totalPerMinute)
        try limit(.totalPerDay, \.totalPerDay)
        return configuration
    }
}
