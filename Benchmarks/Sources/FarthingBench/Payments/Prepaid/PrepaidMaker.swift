// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import FarthingX402

/// Makes the store of a node that has many open channels of one scheme, each of which has paid once.
///
/// They go straight into the store. Each payer makes one payment, which stands for those of its other channels too: a
/// store is read back without checking it again. The ledger has none of them, for nobody asks it of a channel that is
/// idle.
enum PrepaidMaker<Payer: BenchPayer> {
    typealias Channel = Payer.Channel

    private static var mostPayers: Int { 1000 }

    /// - Parameter folder: Where the node's files are to lie.
    static func make(_ count: Int, in folder: String) async throws {
        let shop = try await PrepaidShop<Payer>(folder: folder, channels: 0)
        do {
            let block = try await shop.node.settlement.head()
            let forms = try (0..<min(count, mostPayers)).map { try form(of: $0, to: shop.wallet.payee, at: block) }
            try await StoredForm.commitAll(count, to: shop.node.store) { number in
                let salt = Keccak256.hash(utf8: "farthing bench idle \(number)")
                return forms[number % forms.count].commit(id: ChannelID(salt), salt: salt)
            }
            await shop.node.close()
        } catch {
            await shop.node.close()
            throw error
        }
    }

    /// A channel after its first payment, as the store has it.
    private static func form(of payer: Int, to payee: PrepaidPayee, at block: Block) throws -> StoredForm {
        let (offer, domain, secrets) = (payee.offer, payee.domain, payee.secrets)
        for number in 0..<100 {
            var payer = try Payer(number, of: BenchChannel.signer(payer), to: payee, payments: 2)
            let context = ContractContext(domain: domain, channel: payer.id, block: block)
            var contract = Channel.Rules(payer.terms)
            _ = try contract.fund(payer.deposit, by: payer.signer.address, in: context)
            var channel = channel(payer.id, contract, in: context, payee)
            var payment = try payer.first()
            if let order = channel.preparation(for: payment, under: offer, in: domain) {
                _ = try contract.carryOut(order, in: context)
                channel = Self.channel(payer.id, contract, in: context, payee)
                payment = try payer.next()
            }
            let verified = try channel.verify(payment, under: offer, in: domain, secrets: secrets)
            let effects = try channel.apply(.paid(verified, price: Wallet.price, at: block.time))
            // What the contract must do at once it could not, as it has no such channel.
            guard effects.allSatisfy({ Channel.proof(of: $0) != nil }) else { continue }
            return try StoredForm(
                scheme: Channel.schemeName, state: channel.stored, effects: effects.map(Channel.stored), id: payer.id,
                salt: Payer.salt(number))
        }
        throw WrongResult("Every ticket of a payer wins.")
    }

    private static func channel(
        _ id: ChannelID, _ contract: Channel.Rules, in context: ContractContext, _ payee: PrepaidPayee
    ) -> Channel {
        Channel(
            id: id, ledger: ContractSnapshot(state: contract, block: context.block), in: context.domain,
            payee: payee.offer.receiver)
    }
}
