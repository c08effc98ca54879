// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
public import FarthingEncodings
import FarthingPrimitives
import FarthingX402

extension VoucherPayload {
    /// Reads the form of a payload.
    ///
    /// Members that are not known are passed over.
    ///
    /// - Throws: ``VoucherChannel/Refusal/payloadType(_:)``, ``VoucherChannel/Refusal/payload(_:field:)`` naming
    ///   the first member that is missing or malformed, or ``VoucherChannel/Refusal/channelIDInvalid``.
    public init(_ json: JSON) throws(VoucherChannel.Refusal) {
        let type = json["type"]?.stringValue ?? ""
        guard let kind = VoucherChannel.PayloadKind(rawValue: type) else {
            throw .payloadType(String(type.prefix(32)))
        }
        let reader = PayloadReader(kind: kind)
        let terms = try reader.terms(json["channelConfig"])
        let voucher = try reader.voucher(json["voucher"])
        switch kind {
        case .voucher:
            self = .voucher(terms, voucher)
        case .deposit:
            self = .deposit(terms, voucher, try reader.deposit(json["deposit"], terms, voucher.channel))
        case .refund:
            guard let amount = json["amount"] else {
                self = .refund(terms, voucher, amount: nil)
                return
            }
            guard let text = amount.stringValue else { throw .refundAmountInvalid }
            self = .refund(terms, voucher, amount: String(text.prefix(80)))
        }
    }

    /// The payload as it travels.
    public var json: JSON {
        switch self {
        case .voucher(let terms, let voucher):
            ["type": "voucher", "channelConfig": terms.json, "voucher": voucher.json]
        case .deposit(let terms, let voucher, let deposit):
            [
                "type": "deposit", "channelConfig": terms.json, "voucher": voucher.json,
                "deposit": deposit.json(under: terms, in: voucher.channel),
            ]
        case .refund(let terms, let voucher, let amount):
            .object([
                "type": "refund", "channelConfig": terms.json, "voucher": voucher.json,
                "amount": amount.map { .string($0) },
            ])
        }
    }
}

/// Reads members and says which one was wrong.
private struct PayloadReader {
    let kind: VoucherChannel.PayloadKind

    func terms(_ json: JSON?) throws(VoucherChannel.Refusal) -> ChannelTerms {
        guard let delay = json?["withdrawDelay"]?.integerValue, let withdrawDelay = UInt64(exactly: delay) else {
            throw .payload(kind, field: "channelConfig.withdrawDelay")
        }
        return ChannelTerms(
            payer: try address(json, "channelConfig.payer"),
            payerAuthorizer: try address(json, "channelConfig.payerAuthorizer"),
            receiver: try address(json, "channelConfig.receiver"),
            receiverAuthorizer: try address(json, "channelConfig.receiverAuthorizer"),
            token: try address(json, "channelConfig.token"), withdrawDelay: withdrawDelay,
            salt: try hash(json, "channelConfig.salt"))
    }

    func voucher(_ json: JSON?) throws(VoucherChannel.Refusal) -> UnverifiedVoucher {
        guard let id = json?["channelId"]?.stringValue else { throw .payload(kind, field: "voucher.channelId") }
        guard let channel = ChannelID(hex: id) else { throw .channelIDInvalid }
        return UnverifiedVoucher(
            channel: channel, ceiling: try amount(json, "voucher.maxClaimableAmount"),
            signature: try bytes(json, "voucher.signature"))
    }

    func deposit(
        _ json: JSON?, _ terms: ChannelTerms, _ channel: ChannelID
    ) throws(VoucherChannel.Refusal) -> UnverifiedDeposit {
        let amount = try amount(json, "deposit.amount")
        guard let authorization = json?["authorization"]?["erc3009Authorization"] else {
            guard let permit = json?["authorization"]?["permit2Authorization"] else { throw .authorizationRequired }
            return try self.permit(permit, amount, terms, channel)
        }
        return UnverifiedDeposit(
            amount: amount,
            validAfter: try seconds(authorization, "deposit.authorization.erc3009Authorization.validAfter"),
            validBefore: try seconds(authorization, "deposit.authorization.erc3009Authorization.validBefore"),
            salt: try hash(authorization, "deposit.authorization.erc3009Authorization.salt"),
            signature: try bytes(authorization, "deposit.authorization.erc3009Authorization.signature"))
    }

    /// A leave by Permit2, which must be for this very deposit.
    ///
    /// One that cannot be read is none.
    private func permit(
        _ json: JSON, _ amount: Amount, _ terms: ChannelTerms, _ channel: ChannelID
    ) throws(VoucherChannel.Refusal) -> UnverifiedDeposit {
        let path = "deposit.authorization.permit2Authorization."
        guard let payer = json["from"]?.stringValue.flatMap(Address.init(hex:)),
            let token = json["permitted"]?["token"]?.stringValue.flatMap(Address.init(hex:)),
            let permitted = json["permitted"]?["amount"]?.stringValue.flatMap(Amount.init(wire:)),
            let spender = json["spender"]?.stringValue.flatMap(Address.init(hex:)),
            let nonce = json["nonce"]?.stringValue.flatMap(Hash32.init(decimal:)),
            let deadline = json["deadline"]?.stringValue.flatMap(Amount.init(wire:)),
            let witness = json["witness"]?["channelId"]?.stringValue.flatMap(ChannelID.init(hex:)),
            let signature = json["signature"]?.stringValue, signature.hasPrefix("0x"),
            let bytes = Hex.decode(signature)
        else { throw .authorizationRequired }
        guard payer == terms.payer else { throw .payload(kind, field: path + "from") }
        guard token == terms.token else { throw .payload(kind, field: path + "permitted.token") }
        guard permitted == amount else { throw .permit2Amount(permitted: permitted, deposit: amount) }
        guard witness == channel else { throw .payload(kind, field: path + "witness.channelId") }
        return UnverifiedDeposit(
            amount: amount, validAfter: 0, validBefore: UInt64(clamping: deadline.units), salt: nonce,
            signature: bytes, permit2Spender: spender)
    }

    private func text(_ json: JSON?, _ path: String) throws(VoucherChannel.Refusal) -> String {
        let name = path.split(separator: ".").last.map(String.init) ?? path
        guard let text = json?[name]?.stringValue else { throw .payload(kind, field: path) }
        return text
    }

    private func address(_ json: JSON?, _ path: String) throws(VoucherChannel.Refusal) -> Address {
        guard let address = Address(hex: try text(json, path)) else { throw .payload(kind, field: path) }
        return address
    }

    private func hash(_ json: JSON?, _ path: String) throws(VoucherChannel.Refusal) -> Hash32 {
        guard let hash = Hash32(hex: try text(json, path)) else { throw .payload(kind, field: path) }
        return hash
    }

    private func amount(_ json: JSON?, _ path: String) throws(VoucherChannel.Refusal) -> Amount {
        guard let amount = Amount(wire: try text(json, path)) else { throw .payload(kind, field: path) }
        return amount
    }

    private func seconds(_ json: JSON?, _ path: String) throws(VoucherChannel.Refusal) -> UInt64 {
        guard let seconds = UInt64(exactly: try amount(json, path).units) else { throw .payload(kind, field: path) }
        return seconds
    }

    private func bytes(_ json: JSON?, _ path: String) throws(VoucherChannel.Refusal) -> [UInt8] {
        let text = try text(json, path)
        guard text.hasPrefix("0x"), let bytes = Hex.decode(text) else { throw .payload(kind, field: path) }
        return bytes
    }
}

extension UnverifiedVoucher {
    var json: JSON {
        [
            "channelId": .string("\(channel)"), "maxClaimableAmount": .string("\(ceiling)"),
            "signature": .string(Hex.encode(signature)),
        ]
    }
}

extension UnverifiedDeposit {
    func json(under terms: ChannelTerms, in channel: ChannelID) -> JSON {
        ["amount": .string("\(amount)"), "authorization": authorization(under: terms, in: channel)]
    }

    /// - Source: x402 v2, scheme `batch-settlement` on EVM, `erc3009Authorization` and `permit2Authorization`.
    private func authorization(under terms: ChannelTerms, in channel: ChannelID) -> JSON {
        guard let permit2Spender else {
            return [
                "erc3009Authorization": [
                    "validAfter": .string("\(validAfter)"), "validBefore": .string("\(validBefore)"),
                    "salt": .string(salt.hex), "signature": .string(Hex.encode(signature)),
                ]
            ]
        }
        return [
            "permit2Authorization": Permit2Leave.json(
                amount, nonce: salt, deadline: validBefore, under: terms, in: channel, to: permit2Spender,
                signature: Hex.encode(signature))
        ]
    }
}
