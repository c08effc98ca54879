// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Which contract: the account that deployed it and the name it gave it.
///
/// - Range: a contract's name is a letter followed by letters, digits, `-` and `_`, at most 40 bytes.
/// - Source: SIP-002, "Principals"; stacks-core, `QualifiedContractIdentifier`.
public struct ContractIdentifier: Hashable, Sendable {
    /// The account that deployed the contract.
    public let issuer: StandardPrincipal
    /// The name of the contract.
    public let name: ClarityName

    /// How long a contract's name may be.
    ///
    /// - Unit: bytes.
    public static let maximumNameLength = 40

    /// Takes an account and a name; a name that no contract can have gives `nil`.
    public init?(issuer: StandardPrincipal, name: ClarityName) {
        guard name.isContractName else { return nil }
        self.issuer = issuer
        self.name = name
    }

    /// Reads `ADDRESS.name`; anything else is `nil`.
    public init?(_ text: String) {
        guard case .contract(let identifier)? = try? Principal(text) else { return nil }
        self = identifier
    }

    private init(transientOf issuer: StandardPrincipal) {
        self.issuer = issuer
        name = .transient
    }

    /// The contract to which stacks-core counts programs that were never deployed.
    public static let transient = ContractIdentifier(transientOf: StandardPrincipal(everyByte: 1, version: 1))
}

extension ContractIdentifier: Comparable, CustomStringConvertible {
    /// Orders by account, then by name.
    public static func < (left: Self, right: Self) -> Bool {
        left.issuer == right.issuer ? left.name < right.name : left.issuer < right.issuer
    }

    /// `ADDRESS.name`.
    public var description: String { "\(issuer.address).\(name.text)" }
}
