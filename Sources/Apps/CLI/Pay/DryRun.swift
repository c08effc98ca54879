// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingChannels
import FarthingEncodings
import FarthingHTTP402Client
import FarthingPrimitives
import FarthingX402

/// What a request would cost, told without signing for it.
struct DryRun: Sendable {
    /// `nil` when nothing is asked for it.
    let plan: PaymentPlan?
    let host: String
    let names: TokenNames

    func tell(asJSON: Bool) async {
        guard let plan else {
            if asJSON { return Console.json(["dryRun": true, "free": true]) }
            return Console.out("\(host) asks for nothing")
        }
        let offer = plan.offer.requirements
        if asJSON {
            return Console.json(
                .object([
                    "dryRun": true, "free": false, "price": .string("\(plan.price)"),
                    "deposit": .string("\(plan.deposit)"), "channel": plan.channel.map { .string("\($0)") },
                    "scheme": .string(offer.scheme), "network": .string("\(offer.network)"),
                    "asset": .string(offer.asset.checksummed), "receiver": .string(offer.network.text(of: offer.payTo)),
                    "questions": .array(plan.questions.map { .string($0) }), "offer": plan.offer.json,
                ]))
        }
        let token = await names.token(offer.asset, on: offer.network)
        Console.out(
            "price      up to \(TokenNames.text(plan.price, token, offer.asset)), to \(offer.network.text(of: offer.payTo))"
        )
        let deposit = plan.deposit.isZero ? "none" : TokenNames.text(plan.deposit, token, offer.asset)
        Console.out("deposit    \(deposit)")
        Console.out("by         \(offer.scheme) on \(offer.network)")
        if let channel = plan.channel { Console.out("channel    \(channel)") }
        for question in plan.questions { Console.out("asks       \(question)") }
        Console.out("Nothing was signed.")
    }
}
