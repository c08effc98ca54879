// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingChannels
import FarthingContracts
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingX402

/// Makes the store of a node that has many open channels of one scheme, each of which has paid once.
///
/// They go straight into the store. Each payer makes one payment, which stands for those of its other channels too: a
/// store is read back without checking it again. The ledger has those few of them that a node asks it about when it starts,
/// and no others: nobody asks it of a channel that is idle.
enum PrepaidMaker<Payer: BenchPayer> {
    typealias Channel = Payer.Channel

    private static var mostPayers: Int { 1000 }

    /// - Parameter folder: Where the node's files are to lie.
    static func make(_ count: Int, in folder: String) async throws {
        let shop = try await PrepaidShop<Payer>(folder: folder, channels: min(count, mostPayers))
        do {
            let block = try await shop.node.settlement.head()
            let forms = try (0..<min(count, mostPayers)).map { try form(of: $0, to: shop.wallet.payee, at: block) }
            let known = try await openFirst(forms, at: shop)
            try await StoredForm.commitAll(count, to: shop.node.store) { number in
                if number < known.count { return known[number] }
                let salt = Keccak256.hash(utf8: "farthing bench idle \(number)")
                return forms[number % forms.count].form.commit(id: last(salt), salt: salt)
            }
            await shop.node.close()
        } catch {
            await shop.node.close()
            throw error
        }
    }

    private typealias Form = (form: StoredForm, payer: Payer, salt: Hash32)

    /// Opens channels on the ledger that come first in the store.
    private static func openFirst(_ forms: [Form], at shop: PrepaidShop<Payer>) async throws -> [ChannelCommit] {
        guard let ledger = shop.node.ledger else { throw WrongResult("The node has no ledger.") }
        let (domain, token) = (shop.wallet.payee.domain, shop.wallet.payee.offer.token)
        var commits: [ChannelCommit] = []
        for (form, payer, salt) in forms.filter({ $0.payer.id < middle }).prefix(ChannelMaker.asked) {
            _ = try await ledger.fund(
                Channel.Rules.self, payer.terms, with: payer.funding(in: domain, token: token))
            commits.append(form.commit(id: payer.id, salt: salt))
        }
        return commits
    }

    /// Between the ids of channels that the ledger has and all others.
    private static var middle: ChannelID { last(.zero) }

    /// An id of a channel that comes after those that the ledger has.
    private static func last(_ hash: Hash32) -> ChannelID {
        var bytes = hash.bytes
        bytes[0] |= 0x80
        return ChannelID(Hash32(bytes) ?? hash)
    }

    /// A channel after its first payment, as the store has it.
    private static func form(of payer: Int, to payee: PrepaidPayee, at block: Block) throws -> Form {
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
            let salt = Payer.salt(number)
            let form = try StoredForm(
                scheme: Channel.schemeName, state: channel.stored, effects: effects.map(Channel.stored), id: payer.id,
                salt: salt)
            return (form, payer, salt)
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
