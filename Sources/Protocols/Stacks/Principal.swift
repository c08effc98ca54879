// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Whoever can own assets: an account, or a contract.
///
/// - Source: SIP-002, "Principals".
public enum Principal: Hashable, Sendable {
    case standard(StandardPrincipal)
    case contract(ContractIdentifier)

    /// Reads `ADDRESS` or `ADDRESS.name`, without the quote that stands in front of it in a program.
    ///
    /// - Throws: ``C32Fault``; ``C32Fault/contractName`` when the part behind the dot names no contract.
    public init(_ text: String) throws(C32Fault) {
        let bytes = text.utf8
        guard let dot = bytes.firstIndex(of: UInt8(ascii: ".")) else {
            self = .standard(try StandardPrincipal(address: text))
            return
        }
        let issuer = try StandardPrincipal(address: String(text[..<dot]))
        guard let name = ClarityName(bytes: bytes[bytes.index(after: dot)...]),
            let identifier = ContractIdentifier(issuer: issuer, name: name)
        else { throw .contractName }
        self = .contract(identifier)
    }

    /// The account itself, or the account that deployed the contract.
    public var issuer: StandardPrincipal {
        switch self {
        case .standard(let account): account
        case .contract(let identifier): identifier.issuer
        }
    }

    /// The contract, or `nil` when this is an account.
    public var contract: ContractIdentifier? {
        guard case .contract(let identifier) = self else { return nil }
        return identifier
    }
}

extension Principal: Comparable, CustomStringConvertible {
    /// Orders accounts before contracts.
    public static func < (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.standard(let left), .standard(let right)): left < right
        case (.contract(let left), .contract(let right)): left < right
        case (.standard, .contract): true
        case (.contract, .standard): false
        }
    }

    /// `ADDRESS` or `ADDRESS.name`.
    public var description: String {
        switch self {
        case .standard(let account): account.address
        case .contract(let identifier): identifier.description
        }
    }
}
