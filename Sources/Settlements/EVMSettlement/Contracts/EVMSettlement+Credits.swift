// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
internal import FarthingEncodings
public import FarthingPrimitives

extension EVMSettlement {
    /// What a contract could not pay when a channel ended, and holds for its owner.
    public struct Credit: Hashable, Sendable {
        /// Whose contract it is.
        public let kind: ContractKind
        public let token: Address
        /// - Unit: atomic units of the token, above 0.
        public let amount: Amount
    }

    /// What the contracts owe an account, since it could not be paid: a token had barred it, say.
    ///
    /// - Parameter tokens: Which are looked for, besides the chain's coin, where a contract is for any; those of one
    ///   token name it themselves.
    public func credits(of account: Address, in tokens: [Address]) async throws(SettlementError) -> [Credit] {
        try await reader.explained { () async throws(EndpointFault) in
            let block = try await reader.newestBlock()
            var found: [Credit] = []
            for kind in contracts.contracts.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
                guard let domain = contractDomain(of: kind) else { continue }
                let view = view(of: ChannelID(.zero), in: domain, at: block)
                let known =
                    kind == .twoWay || kind == .balanceProof
                    ? [try await view.address(ABI.selector("TOKEN()"))]
                    : tokens.filter { $0 != Token.coinAddress } + [Token.coinAddress]
                for token in known {
                    let question =
                        kind == .balanceProof
                        ? ABI.call("credit(address)", [.address(account)])
                        : ABI.call("credits(address,address)", [.address(token), .address(account)])
                    let amount = try await view.amount(question)
                    if !amount.isZero { found.append(Credit(kind: kind, token: token, amount: amount)) }
                }
            }
            return found
        }
    }

    /// Has a contract pay what it owes the account of this settlement's key, and waits until that counts.
    ///
    /// - Parameter receiver: To whom it goes; the account itself, or another that the token does not bar.
    /// - Throws: `SettlementError` when the contract owes nothing, or still cannot pay.
    @discardableResult
    public func collect(_ credit: Credit, to receiver: Address) async throws(SettlementError) -> TransactionID {
        guard let contract = contracts.contracts[credit.kind] else { throw .invalidTerms }
        let data =
            credit.kind == .balanceProof
            ? ABI.call("collect(address,address)", [.address(account), .address(receiver)])
            : ABI.call("withdrawCredit(address,address)", [.address(credit.token), .address(receiver)])
        return try await send(data, to: contract).id
    }
}

extension ContractView {
    fileprivate func address(_ call: [UInt8]) async throws(EndpointFault) -> Address {
        var words = try await ask(call)
        do throws(ABI.DecodingError) { return try words.address() } catch { throw Self.unreadable(error) }
    }

    fileprivate func amount(_ call: [UInt8]) async throws(EndpointFault) -> Amount {
        var words = try await ask(call)
        do throws(ABI.DecodingError) { return try words.amount() } catch { throw Self.unreadable(error) }
    }

    private static func unreadable(_ error: ABI.DecodingError) -> EndpointFault {
        .malformed("in what a contract owes, \(error)")
    }
}
