// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingKeyFiles
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingX402

/// Whom payers of a scheme pay, and what they must know of it.
struct PrepaidPayee: Sendable {
    let offer: PrepaidOffer
    let frame: PaymentFrame
    /// What the payee promises.
    ///
    /// A real payer never knows it. This one makes its lottery tickets before the payee answers the ones before, so it
    /// must know which of them win.
    let secrets: PayeeSecrets
    /// When channels expire.
    ///
    /// - Unit: Unix seconds.
    let expiry: UInt64

    var domain: ContractDomain { offer.domain }

    /// - Parameters:
    ///   - required: What a 402 said.
    ///   - folder: Where the payee's files lie.
    init(_ scheme: PaymentScheme, required: JSON, folder: String) throws {
        let offers = required["accepts"]?.arrayValue ?? []
        guard let accepted = offers.first(where: { $0["scheme"]?.stringValue == scheme.rawValue }),
            let requirements = PaymentRequirements(json: accepted),
            let offer = PrepaidOffer(requirements, token: try Payee.token())
        else { throw WrongResult("The 402 offers no \(scheme.rawValue): \(required)") }
        self.offer = offer
        frame = PaymentFrame(required, accepted, required["extensions"])
        let configuration = try PayingServer.configuration(folder: folder, upstream: "http://127.0.0.1:9")
        let authorizer = KeySigner(try KeyFile.read(configuration.authorizerKeyPath) { nil })
        secrets = PayeeKey(in: offer.domain) { authorizer.signNow($0) }.secrets
        expiry = UInt64(Ledger.systemClock().unixSeconds) + 86_400 * 7
    }
}
