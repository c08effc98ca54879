// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// Why the wallet could not do with a channel what it was asked to.
public enum WalletError: ExplainedError, Hashable {
    /// There is no key in the folder.
    case noWallet(path: String)
    case unknownChannel(ChannelID)
    /// Nobody knows where its payee is.
    case noPayee(ChannelID)
    /// The account cannot pay a deposit.
    case accountTooLow(Address, holds: Amount, needs: Amount, asset: Address, Network)
    /// The payee was asked how a channel stands, and does not say.
    case untold(ChannelID, code: String)
    /// A payment to the payee is being answered still.
    case beingAnswered(ChannelID, Amount)
    /// No settlement of this network can be read or written to.
    case noSettlement(Network)
    /// The settlement that was named is another one, or does not have the channel yet.
    case notThere(ChannelID, Network)
    case refundRefused(code: String, message: String?)
    /// What the payee said of a refund cannot be.
    case refundUnreadable
    case refundUnknown(reason: String)
    /// Its rest comes back with its expiry, and not before.
    case notClosable(ChannelID, until: Instant?)
    /// Its payee charged all of it.
    case usedUp(ChannelID)

    public var code: String {
        switch self {
        case .noWallet: "wallet.missing"
        case .unknownChannel: "wallet.unknown-channel"
        case .noPayee: "wallet.no-payee"
        case .accountTooLow: "wallet.account-too-low"
        case .untold: "wallet.untold"
        case .beingAnswered: "wallet.being-answered"
        case .noSettlement: "wallet.no-settlement"
        case .notThere: "wallet.not-there"
        case .refundRefused: "wallet.refund-refused"
        case .refundUnreadable: "wallet.refund-unreadable"
        case .refundUnknown: "wallet.refund-unknown"
        case .notClosable: "wallet.not-closable"
        case .usedUp: "wallet.used-up"
        }
    }

    public var message: String {
        switch self {
        case .noWallet(let path): "There is no wallet in \(path)."
        case .unknownChannel(let id): "The wallet has no channel \(id)."
        case .noPayee(let id): "It is not known where the payee of channel \(id) can be asked."
        case .accountTooLow(let account, let holds, let needs, let asset, let network):
            "The account \(network.text(of: account)) holds \(holds) units of \(asset.checksummed) on \(network), and "
                + "the deposit is \(needs): nothing was signed."
        case .untold(let id, let code): "The payee of channel \(id) does not say how it stands: \(code)."
        case .beingAnswered(let id, let amount):
            "The payee of channel \(id) is still answering requests for \(amount) units."
        case .noSettlement(let network): "The settlement of \(network) cannot be reached from here."
        case .notThere(let id, let network):
            "The settlement of \(network) that was named does not hold channel \(id): nothing was written down."
        case .refundRefused(let code, let message):
            "The payee did not give the money back: \(code)\(message.map { ": \($0)" } ?? ".")"
        case .refundUnreadable: "What the payee said of the refund cannot be read."
        case .refundUnknown(let reason): "It is not known whether the money is on its way back: \(reason)."
        case .notClosable(let id, let until):
            "Channel \(id) may pay others still\(until.map { "; its rest comes back from \($0.text) on" } ?? "")."
        case .usedUp(let id): "Channel \(id) is used up: there is nothing to give back."
        }
    }

    public var remedy: String? {
        switch self {
        case .noWallet: "Make one: farthing wallet new. Or name another folder: --wallet DIR."
        case .unknownChannel: "`farthing wallet channels` lists them; `farthing wallet reconcile` looks for lost ones."
        case .noPayee: "Say where: --url URL. Or withdraw without the payee."
        case .accountTooLow: "Send money to the account, or set a lower depositTarget in the spending policy."
        case .untold: "The next payment out of the channel finds out."
        case .beingAnswered: "Ask again when it has answered."
        case .noSettlement: "Name it: --ledger FILE, or --rpc URL."
        case .notThere:
            "Name the one that the channel was opened on: --ledger FILE, or --rpc URL. If this is the one, and the payee "
                + "never handed the deposit in: farthing wallet withdraw --give-up."
        case .refundRefused, .refundUnreadable: "Withdraw without the payee: farthing wallet withdraw."
        case .refundUnknown: "`farthing wallet reconcile` finds out."
        case .notClosable: "Come back then: farthing wallet withdraw."
        case .usedUp: nil
        }
    }
}
