// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingLedgerSettlement
import FarthingLotteryScheme
import FarthingPrimitives

/// MuP2P's lot: so many purchases at several stalls, and one payout for all of them.
///
/// Each purchase is paid with a ticket. At the end one ticket wins what all are worth, so a stall has on average what
/// it sold for, and the contract pays once.
@main
struct Market {
    static func main() async throws {
        let tickets: UInt16 = 6
        let worth = Amount(units: 10)
        guard let prize = worth.multiplied(by: UInt128(tickets)) else { throw CancellationError() }
        let (ledger, token, domain) = try await ledger()
        let shopper = try await Shopper(tickets: tickets, worth: worth, on: ledger, token, domain)
        let stalls = ["bread", "cheese", "figs"].map { Stall(name: $0) }

        // A ticket for each purchase. The books of both sides would be stored before anything is sent.
        for purchase in 0..<Int(tickets) {
            let stall = stalls[purchase % stalls.count]
            let payment = try await shopper.pay(stall.address, at: ledger.head().time)
            let order = try await stall.take(payment, for: worth, on: ledger, token.address, domain)
            _ = try await ledger.carryOut(order, on: shopper.lot, under: LotContract.self)
            print("\(stall.name): has entered ticket \(payment.ticket.index)")
        }

        // The shopper reveals its secret before anybody can know which block decides.
        try await shopper.act(on: ledger)
        _ = try await ledger.advance(blocks: shopper.terms.revealBlocks)
        // Any stall has it drawn, whoever wins: nobody can say before.
        try await stalls[0].act(on: ledger)

        var paid = Amount.zero
        for stall in stalls {
            let amount = try await ledger.balance(of: stall.address, token: token.address)
            let outcome = try await stall.hear(amount, on: ledger)
            paid = paid.adding(amount) ?? .max
            print("\(stall.name): sold for \(await stall.sold), has \(amount): \(outcome)")
        }
        print("market: one winner of \(paid), of a lot of \(prize)")
    }

    /// A ledger in memory, and a token on it.
    static func ledger() async throws -> (Ledger, Token, ContractDomain) {
        guard let home = SettlementDomain(network: Network(evm: 84_532)),
            let address = Address(hex: "0x00000000000000000000000000000000000000ee")
        else { throw CancellationError() }
        let ledger = try Ledger(path: nil, domain: home)
        let token = Token(domain: TokenDomain(address: address, name: "Eve", version: "1"), symbol: "EVE", decimals: 18)
        try await ledger.addToken(token)
        guard let domain = ledger.contractDomain(of: .lot) else { throw CancellationError() }
        return (ledger, token, domain)
    }
}
