// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingEncodings
import FarthingPrimitives

extension SettlementEvent {
    public var json: JSON {
        .object(
            [
                JSON.Member(name: "sequence", value: .integer(sequence)),
                JSON.Member(name: "block", value: .integer(block.height)),
                JSON.Member(name: "time", value: .integer(block.time.unixSeconds)),
                JSON.Member(name: "transaction", value: .string("\(transaction)")),
                JSON.Member(name: "event", value: .string(name)),
            ] + fields.map { JSON.Member(name: $0.key, value: .string($0.value)) })
    }

    /// The fields in one line.
    public var details: String { fields.map { "\($0.key) \($0.value)" }.joined(separator: ", ") }

    private var fields: KeyValuePairs<String, String> {
        switch kind {
        case .channelCreated(let id, let terms):
            [
                "channel": "\(id)", "payer": "\(terms.payer)", "receiver": "\(terms.receiver)",
                "token": "\(terms.token)",
            ]
        case .deposited(let id, let amount, let balance):
            ["channel": "\(id)", "amount": "\(amount)", "newBalance": "\(balance)"]
        case .claimed(let id, let amount, let total):
            ["channel": "\(id)", "amount": "\(amount)", "newTotal": "\(total)"]
        case .settled(let receiver, let token, let amount):
            ["receiver": "\(receiver)", "token": "\(token)", "amount": "\(amount)"]
        case .refunded(let id, let amount): ["channel": "\(id)", "amount": "\(amount)"]
        case .withdrawInitiated(let id, let amount, let after):
            ["channel": "\(id)", "amount": "\(amount)", "finalizeAfter": "\(after.unixSeconds)"]
        case .withdrawFinalized(let id, let amount): ["channel": "\(id)", "amount": "\(amount)"]
        case .channelClosed(let id), .moved(let id): ["channel": "\(id)"]
        case .transferred(let payer, let receiver, let token, let amount):
            ["from": "\(payer)", "to": "\(receiver)", "token": "\(token)", "amount": "\(amount)"]
        case .funded(let id, let kind, let payer, let token, let amount):
            ["channel": "\(id)", "kind": kind, "payer": "\(payer)", "token": "\(token)", "amount": "\(amount)"]
        case .paidOut(let id, let receiver, let token, let amount):
            ["channel": "\(id)", "receiver": "\(receiver)", "token": "\(token)", "amount": "\(amount)"]
        case .advanced(let id, let phase): ["channel": "\(id)", "phase": phase]
        case .minted(let account, let token, let amount):
            ["account": "\(account)", "token": "\(token)", "amount": "\(amount)"]
        }
    }
}
