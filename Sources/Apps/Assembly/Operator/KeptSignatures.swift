// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEVMSettlement
import FarthingHashChainScheme
import FarthingLotteryScheme
import FarthingMerkleTokenScheme
import FarthingPrimitives
import FarthingStacksSettlement
import FarthingTwoWayScheme

/// Checks what a payee keeps to prove that it was paid, as it was checked when it came.
struct KeptSignatures {
    let domain: ContractDomain

    func faults(in channel: some PrepaidOrders) -> [String] {
        switch channel {
        case let channel as HashChainChannel: faults(in: channel)
        case let channel as MerkleTokenChannel:
            channel.tag == channel.terms.tag(in: domain) ? [] : ["its tag is not that of its terms"]
        case let channel as TwoWayChannel: faults(in: channel)
        case let channel as LotteryChannel: faults(in: channel)
        default: []
        }
    }

    func fault<Scheme: PrepaidOrders>(in effect: Scheme.Effect, of channel: Scheme) -> String? {
        switch (effect, channel) {
        case (let effect as MerkleTokenChannel.Effect, let channel as MerkleTokenChannel):
            switch effect {
            case .keep(let token, let proof, _):
                token.payee == channel.payee && channel.seen.contains(token.index)
                    && proof.proves(token, terms: channel.terms, tag: channel.terms.tag(in: domain))
                    ? nil : "its token is not one of its channel's, or not the payee's"
            }
        case (let effect as LotteryChannel.Effect, let channel as LotteryChannel):
            switch effect {
            case .redeem(let winner): isGood(winner, in: channel) ? nil : "its ticket is not signed, or has not won"
            }
        case (let effect as TwoWayChannel.Effect, let channel as TwoWayChannel):
            switch effect {
            case .submitClose(let payment), .submitChallenge(let payment):
                isSigned(payment, in: channel) ? nil : "its state is not signed by the payer"
            case .submitFinalize: nil
            }
        case (let effect as HashChainChannel.Effect, let channel as HashChainChannel):
            switch effect {
            case .submitClose(let step): isOnChain(step, of: channel) ? nil : "its step is not on the chain"
            }
        default: nil
        }
    }

    // MARK: - Hash chains

    private func faults(in channel: HashChainChannel) -> [String] {
        guard channel.tag == channel.terms.tag(in: domain), isOnChain(channel.best, of: channel) else {
            return ["its furthest step does not lead to the anchor"]
        }
        let revealed = channel.terms.stepAmount.multiplied(by: UInt128(channel.best.index)) ?? .max
        return channel.purse.authorised <= revealed ? [] : ["more was authorised than steps were revealed"]
    }

    private func isOnChain(_ step: HashChainStep, of channel: HashChainChannel) -> Bool {
        let terms = channel.terms
        return step.index <= terms.stepCount
            && step.isAfter(HashChainStep(index: 0, value: terms.anchor), tag: terms.tag(in: domain))
    }

    // MARK: - Two-way channels

    private func faults(in channel: TwoWayChannel) -> [String] {
        var faults: [String] = []
        if let proof = channel.party.proof {
            if !isSigned(proof, in: channel) { faults.append("its newest state is not signed by the payer") }
            if proof.state != channel.party.newest { faults.append("its newest state is another than the signed one") }
        }
        if let ending = channel.ending, !isSigned(ending, in: channel) {
            faults.append("its end is not signed by the payer")
        }
        return faults
    }

    private func isSigned(_ payment: TwoWayPayment, in channel: TwoWayChannel) -> Bool {
        // Against the key that is kept, since a signature whose last byte was flipped was taken too.
        payment.side == TwoWayChannel.payee.other
            && payment.signer.account(domain.accounts) == channel.terms.party(payment.side)
            && payment.signer.verifies(payment.signature, over: payment.digest(of: channel.id, in: domain))
    }

    // MARK: - Tickets

    private func faults(in channel: LotteryChannel) -> [String] {
        var faults: [String] = []
        if let signer = channel.signer, signer.address != channel.terms.payer {
            faults.append("its tickets' key is not its payer's")
        }
        for winner in channel.unredeemed where !isGood(winner, in: channel) {
            faults.append("its ticket \(winner.ticket.nonce) is not signed, or has not won")
        }
        return faults
    }

    private func isGood(_ winner: LotteryWinner, in channel: LotteryChannel) -> Bool {
        let (ticket, id) = (winner.ticket, channel.id)
        return ticket.payee == channel.payee
            && LotteryDraw.commitment(to: winner.secret, by: ticket.payee, in: id) == ticket.commitment
            && ticket.wins(winner.signature, secret: winner.secret)
            && winner.recovering(channel.terms.payer, of: id, in: domain).signature
                .isBy(channel.terms.payer, over: ticket.digest(for: id, in: domain))
    }
}

extension SettlementPlace {
    /// Where the contract of one kind is on a chain; `nil` elsewhere, and where it has none.
    func contractDomain(of kind: ContractKind) -> ContractDomain? {
        switch self {
        case .ledger, .facilitator: nil
        case .chain(let place):
            place.contracts.contracts[kind].flatMap { ContractDomain(kind, on: place.contracts.network, at: $0) }
        case .stacks(let place): place.contracts.contracts[kind].flatMap { ContractDomain(kind, stacks: $0) }
        }
    }
}
