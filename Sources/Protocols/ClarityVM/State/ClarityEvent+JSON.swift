// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingEncodings
import FarthingPrimitives
import FarthingStacks

extension ClarityEvent {
    /// The event as a node tells its observers, without the transaction's id.
    ///
    /// - Parameters:
    ///   - index: The event's place in its transaction.
    ///   - transaction: The transaction's id with `0x` in front, or `nil` to leave it out.
    /// - Source: stacks-core, event observer, `POST /new_block`, member `events`.
    public func json(index: Int, transaction: String? = nil) -> JSON {
        var object: JSON = .object([
            "txid": transaction.map { .string($0) }, "event_index": .integer(index), "committed": true,
            "type": .string(kind),
        ])
        object = object.adding(kind, body)
        return object
    }

    /// The name of the kind of event, which is also the name of the member with its details.
    public var kind: String {
        switch self {
        case .print: "contract_event"
        case .stxTransfer: "stx_transfer_event"
        case .stxBurn: "stx_burn_event"
        case .fungibleTransfer: "ft_transfer_event"
        case .fungibleMint: "ft_mint_event"
        case .fungibleBurn: "ft_burn_event"
        case .nonFungibleTransfer: "nft_transfer_event"
        case .nonFungibleMint: "nft_mint_event"
        case .nonFungibleBurn: "nft_burn_event"
        }
    }

    private var body: JSON {
        switch self {
        case .print(let contract, let value):
            Self.object(("contract_identifier", "\(contract)"), ("topic", "print")).adding(value)
        case .stxTransfer(let amount, let sender, let recipient, let memo):
            Self.object(
                ("sender", "\(sender)"), ("recipient", "\(recipient)"), ("amount", "\(amount)"),
                ("memo", Hex.digits(memo)))
        case .stxBurn(let amount, let sender): Self.object(("sender", "\(sender)"), ("amount", "\(amount)"))
        case .fungibleTransfer(let asset, let amount, let sender, let recipient):
            Self.object(
                ("asset_identifier", "\(asset)"), ("sender", "\(sender)"), ("recipient", "\(recipient)"),
                ("amount", "\(amount)"))
        case .fungibleMint(let asset, let amount, let recipient):
            Self.object(("asset_identifier", "\(asset)"), ("recipient", "\(recipient)"), ("amount", "\(amount)"))
        case .fungibleBurn(let asset, let amount, let sender):
            Self.object(("asset_identifier", "\(asset)"), ("sender", "\(sender)"), ("amount", "\(amount)"))
        case .nonFungibleTransfer(let asset, let value, let sender, let recipient):
            Self.object(("asset_identifier", "\(asset)"), ("sender", "\(sender)"), ("recipient", "\(recipient)"))
                .adding(value)
        case .nonFungibleMint(let asset, let value, let recipient):
            Self.object(("asset_identifier", "\(asset)"), ("recipient", "\(recipient)")).adding(value)
        case .nonFungibleBurn(let asset, let value, let sender):
            Self.object(("asset_identifier", "\(asset)"), ("sender", "\(sender)")).adding(value)
        }
    }

    private static func object(_ members: (String, String)...) -> JSON {
        .object(members.map { JSON.Member(name: $0.0, value: .string($0.1)) })
    }
}

extension JSON {
    /// With the value in the form of stacks-core's own data types, and as bytes.
    fileprivate func adding(_ value: ClarityValue) -> JSON {
        adding("value", value.nodeJSON).adding("raw_value", .string(Hex.encode(value.encoded)))
    }
}
