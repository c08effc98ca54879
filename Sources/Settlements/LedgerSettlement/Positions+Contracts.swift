// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingContracts
internal import FarthingPrimitives

extension Positions {
    /// Does again what an event of a contract other than that of vouchers says was done.
    ///
    /// It knows no rules, only where the money is: each contract has an account, and each channel a part of it.
    mutating func applyToContract(_ event: SettlementEvent) throws(Contradiction) {
        switch event.kind {
        case .funded(let id, let kind, let payer, let token, let amount):
            var channel = contracts[id] ?? Contract(kind: kind, token: token, locked: .zero)
            guard channel.kind == kind, channel.token == token else {
                throw Contradiction("funds a channel of another kind")
            }
            channel.locked = try sum(channel.locked, amount)
            contracts[id] = channel
            fundings[event.transaction] = Deposit(channel: id, amount: amount)
            try take(amount, of: token, from: payer)
            try give(amount, of: token, to: try account(of: channel))
        case .paidOut(let id, let receiver, let token, let amount):
            guard var channel = contracts[id], channel.token == token else {
                throw Contradiction("is about a channel that was never opened")
            }
            guard let rest = channel.locked.subtracting(amount) else {
                throw Contradiction("pays out more than is in the channel")
            }
            channel.locked = rest
            contracts[id] = channel
            try take(amount, of: token, from: try account(of: channel))
            try give(amount, of: token, to: receiver)
        case .advanced(let id, _):
            guard contracts[id] != nil else { throw Contradiction("is about a channel that was never opened") }
        default: throw Contradiction("is of no contract")
        }
    }

    private func account(of channel: Contract) throws(Contradiction) -> Address {
        guard let kind = ContractKind(rawValue: channel.kind) else { throw Contradiction("is of an unknown kind") }
        return ContractDomain.ledgerAddress(of: kind)
    }
}
