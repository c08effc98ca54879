// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

// The code of the article of this name; `GuideTests` compares the two.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingWallet

func leave(_ channel: ChannelID, of wallet: Wallet) async throws -> Amount {
    try await wallet.refund(channel, through: wallet.client())
}

func withdraw(_ channel: ChannelID, of wallet: Wallet) async throws -> String {
    switch try await wallet.withdraw(channel) {
    case .started(let amount, let due): "asked for \(amount), to be had from \(due.unixSeconds)"
    case .waiting(let amount, let due): "\(amount) can be had from \(due.unixSeconds)"
    case .paid(let amount): "got \(amount)"
    }
}

func lookAfter(_ wallet: Wallet) async throws -> [String] {
    try await wallet.watch().map { watched in
        switch watched.result {
        case .success(let step): "\(watched.channel.id): \(step)"
        case .failure(let error): "\(watched.channel.id) could not be looked after: \(error)"
        }
    }
}

func mend(_ wallet: Wallet) async throws -> Int {
    var doubts = 0
    for channel in try await wallet.journal.channels() {
        let found = try await wallet.reconcile(channel.id, through: wallet.client())
        doubts += found.after.untoldDoubts
    }
    return doubts
}

func recover(with signer: any Signer, on settlement: any SettlementView, since block: UInt64) async throws -> Wallet {
    let wallet = Wallet(journal: try Journal(path: nil), lockFolder: nil, signer: signer, views: [settlement])
    _ = try await wallet.rebuild(on: settlement.domain.network, since: block)
    return wallet
}
