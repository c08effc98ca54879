// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import FarthingTwoWayScheme
import FarthingX402

/// Pays with states, each of which gives the payee one price more.
struct TwoWayBenchPayer: BenchPayer {
    typealias Channel = TwoWayChannel

    static let scheme = PaymentScheme.twoWay

    let id: ChannelID
    let terms: TwoWayTerms
    let signer: KeySigner
    private let domain: ContractDomain
    private var state: TwoWayState

    init(_ number: Int, of signer: KeySigner, to payee: PrepaidPayee, payments: Int) throws {
        terms = TwoWayTerms(
            first: signer.address, second: payee.offer.receiverAuthorizer, token: payee.offer.token.address,
            firstDeposit: Wallet.deposit, secondDeposit: .zero, challengeSeconds: 3600, salt: Self.salt(number))
        self.signer = signer
        domain = payee.domain
        id = terms.channelID(in: domain)
        state = TwoWayState(nonce: 0, firstBalance: Wallet.deposit, secondBalance: .zero)
    }

    var deposit: Amount { terms.firstDeposit }
    var left: Int { Int(clamping: state.firstBalance.units / Wallet.price.units) }

    mutating func next() throws -> UnverifiedTwoWayPayment {
        guard let kept = state.firstBalance.subtracting(Wallet.price),
            let given = state.secondBalance.adding(Wallet.price)
        else { throw WrongResult("A two-way channel is used up.") }
        // The first party's states have odd numbers.
        state = TwoWayState(nonce: state.nonce == 0 ? 1 : state.nonce + 2, firstBalance: kept, secondBalance: given)
        return UnverifiedTwoWayPayment(state, signature: signer.signNow(state.digest(of: id, in: domain)))
    }
}
