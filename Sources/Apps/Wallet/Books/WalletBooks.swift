// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
public import FarthingEncodings
public import FarthingPrimitives
import FarthingVoucherScheme

/// All that a wallet knows, as one file: its channels and its history, and its key when that is wanted.
public struct WalletBooks: Hashable, Sendable {
    /// Whose books they are.
    public var address: Address
    public var channels: [KeptChannel]
    /// Channels whose payments fill a purse.
    public var prepaid: [PrepaidCopy]
    /// Oldest first.
    public var history: [JournalEntry]
    /// The bytes of an encrypted key file; `nil` when the key stays where it is.
    public var keyFile: String?

    public init(
        address: Address, channels: [KeptChannel], prepaid: [PrepaidCopy] = [], history: [JournalEntry],
        keyFile: String? = nil
    ) {
        self.address = address
        self.channels = channels
        self.prepaid = prepaid
        self.history = history
        self.keyFile = keyFile
    }

    private static let format = "farthing-wallet"
    /// Version 1 did not say what each entry of the history counts in the budgets.
    private static let version: Int64 = 2
    /// The longest file that is read.
    ///
    /// - Unit: bytes.
    public static let maximumBytes = 256 * 1024 * 1024

    public var json: JSON {
        .object([
            "format": .string(Self.format), "version": .integer(Self.version),
            "address": .string(address.checksummed), "channels": .array(channels.map(\.json)),
            "prepaid": .array(prepaid.map(\.json)), "history": .array(history.map(\.json)),
            "keyFile": keyFile.map { .string($0) },
        ])
    }

    /// Reads the bytes of a file that ``json`` was written to, and refuses it whole when anything in it is wrong.
    public init(file bytes: [UInt8]) throws(BooksFault) {
        let json: JSON
        do {
            json = try JSON.parse(bytes, limits: JSON.Limits(maximumBytes: Self.maximumBytes))
        } catch { throw .unreadable(why: error.message) }
        guard json["format"]?.stringValue == Self.format, let version = json["version"]?.integerValue else {
            throw .unreadable(why: "it is no export of a wallet")
        }
        guard (1...Self.version).contains(version) else { throw .newer(version: version) }
        guard let address = json["address"]?.stringValue.flatMap(Address.init(hex:)),
            let channels = json["channels"]?.arrayValue, let history = json["history"]?.arrayValue
        else { throw .unreadable(why: "address, channels or history is missing") }
        self.init(address: address, channels: [], history: [], keyFile: json["keyFile"]?.stringValue)
        for (index, channel) in channels.enumerated() {
            guard let channel = KeptChannel(json: channel) else {
                throw .unreadable(why: "channel \(index) is damaged")
            }
            guard channel.books.terms.payer == address else { throw .otherAddress(channel.books.terms.payer, address) }
            self.channels.append(channel)
        }
        // Earlier exports have none.
        for (index, channel) in (json["prepaid"]?.arrayValue ?? []).enumerated() {
            guard let channel = PrepaidCopy(json: channel) else {
                throw .unreadable(why: "prepaid channel \(index) is damaged")
            }
            guard channel.payer == address else { throw .otherAddress(channel.payer, address) }
            prepaid.append(channel)
        }
        for (index, entry) in history.enumerated() {
            guard let entry = JournalEntry(json: entry, id: Int64(index), saysCounted: version > 1) else {
                throw .unreadable(why: "entry \(index) of the history is damaged")
            }
            self.history.append(entry)
        }
    }
}

extension KeptChannel {
    /// The channel for programs: its sums to look at, and its books as they are kept.
    public var json: JSON {
        .object([
            "id": .string("\(id)"), "network": .string("\(network)"),
            "asset": .string(books.terms.token.checksummed), "receiver": .string(books.terms.receiver.checksummed),
            "balance": .string("\(books.balance)"), "charged": .string("\(books.charged)"),
            "authorised": .string("\(books.authorised)"), "spendable": .string("\(spendable)"),
            "locked": .string("\(locked)"), "status": .string(status), "doubts": .integer(books.untoldDoubts),
            "usedAt": usedAt.map { ["method": .string($0.method), "url": .string($0.url)] },
            "books": .string(Hex.encode(books.stored)),
        ])
    }

    /// What is to be known of it at a glance.
    public var status: String {
        if books.misconduct != nil { return "suspended" }
        if books.withdrawal != nil { return "withdrawing" }
        if books.phase != .idle { return "in use" }
        if isInDoubt { return "in doubt" }
        return books.balance.isZero ? "empty" : "open"
    }

    /// Whether it is not known what became of something that was signed, also while a withdrawal is under way.
    ///
    /// Of a suspended channel a person decides first.
    public var isInDoubt: Bool {
        guard books.misconduct == nil else { return false }
        return books.phase != .idle || books.untoldDoubts > 0 || books.isRefundInDoubt || books.outstanding != nil
    }

    /// - Returns: `nil` for anything but what ``json`` writes.
    init?(json: JSON) {
        guard let network = json["network"]?.stringValue.flatMap(Network.init),
            let bytes = json["books"]?.stringValue.flatMap(Hex.decode), let books = try? VoucherPayer(stored: bytes),
            json["id"]?.stringValue == "\(books.id)"
        else { return nil }
        var use: Use?
        if let usedAt = json["usedAt"] {
            guard let method = usedAt["method"]?.stringValue, let url = usedAt["url"]?.stringValue else { return nil }
            use = Use(method: method, url: url)
        }
        self.init(books: books, network: network, usedAt: use)
    }
}
