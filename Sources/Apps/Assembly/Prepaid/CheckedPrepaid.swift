// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingHTTP402
import FarthingHashChainScheme
import FarthingLotteryScheme
import FarthingMerkleTokenScheme
import FarthingNode
import FarthingPrimitives
import FarthingTwoWayScheme
import FarthingX402

/// A payment whose proof is good, on a channel that is in memory.
///
/// What every payment passes through is compiled for each scheme, here and in ``PrepaidDesk``: code for any scheme takes
/// several times as long.
struct CheckedPrepaid<Scheme: PrepaidOrders>: CheckedPayment {
    let desk: PrepaidDesk<Scheme>
    let channel: ChannelID
    let payment: Scheme.Payment
    let price: Amount

    @specialized(where Scheme == HashChainChannel)
    @specialized(where Scheme == MerkleTokenChannel)
    @specialized(where Scheme == LotteryChannel)
    @specialized(where Scheme == TwoWayChannel)
    func setAside(answer: @escaping @Sendable ((any AdmittedPayment)?) -> Void) {
        let reservation = desk.reservation(for: price)
        let arrival = PrepaidEvent<Scheme.Payment, Scheme.Rules>.paymentArrived(
            payment, for: reservation, at: desk.books.clock())
        desk.books.engine.submit(arrival, to: channel) { [desk, channel] result in
            guard case .success(let applied) = result else { return answer(nil) }
            carryOut(applied.effects)
            answer(
                AdmittedPrepaid(
                    desk: desk, channel: channel, reservation: reservation, source: applied.state.source))
        }
    }

    @specialized(where Scheme == HashChainChannel)
    @specialized(where Scheme == MerkleTokenChannel)
    @specialized(where Scheme == LotteryChannel)
    @specialized(where Scheme == TwoWayChannel)
    func charge(_ price: Amount, answer: @escaping @Sendable (ChargeOutcome) -> Void) {
        submit(price, answer)
    }

    @specialized(where Scheme == HashChainChannel)
    @specialized(where Scheme == MerkleTokenChannel)
    @specialized(where Scheme == LotteryChannel)
    @specialized(where Scheme == TwoWayChannel)
    func charge(_ charges: ArraySlice<PromptCharge>) -> Int { submit(charges) }

    // Apart from what chooses the scheme's own code, as in the desk.
    @inline(never) private func submit(_ charges: ArraySlice<PromptCharge>) -> Int {
        var events: [Event] = []
        for charge in charges {
            guard let mate = charge.payment as? Self, mate.desk === desk, mate.channel == channel else { break }
            events.append(mate.event(charge.price, charge.answer))
        }
        if events.count == 1 {
            desk.books.engine.submit(events[0].event, to: channel, answer: events[0].answer)
        } else {
            desk.books.engine.submit(events, to: channel)
        }
        return events.count
    }

    @inline(never) private func submit(_ price: Amount, _ answer: @escaping @Sendable (ChargeOutcome) -> Void) {
        let event = event(price, answer)
        desk.books.engine.submit(event.event, to: channel, answer: event.answer)
    }

    private typealias Event = (event: Scheme.Event, answer: ChannelEngine<Scheme>.Answer)

    @inline(__always) private func event(
        _ price: Amount, _ answer: @escaping @Sendable (ChargeOutcome) -> Void
    ) -> Event {
        desk.underWay.begin()
        let event = PrepaidEvent<Scheme.Payment, Scheme.Rules>.paid(payment, price: price, at: desk.books.clock())
        return (
            event,
            { [self] result in
                desk.underWay.end()
                switch result {
                case .success(let applied):
                    desk.books.metrics?.charge(applied.state.purse.lastCharge)
                    carryOut(applied.effects)
                    answer(.charged { desk.receipt.header(of: applied.state, by: desk.books.payeeKey) })
                case .failure(let error):
                    answer(error is Scheme.Refusal ? .declined : .outOfOrder(error))
                }
            }
        )
    }

    private func carryOut(_ effects: [ChannelEngine<Scheme>.StoredEffect]) {
        // Proofs, which come with every payment, wait for nothing; the rest is rare.
        guard
            !effects.allSatisfy({ stored in
                Scheme.proof(of: stored.effect).map { desk.books.keepNow(stored, span: $0, of: channel) } ?? false
            })
        else { return }
        Task { [desk, channel] in await desk.books.attempt(effects, of: channel) }
    }
}
