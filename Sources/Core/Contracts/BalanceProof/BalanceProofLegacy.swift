// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// The digests that µRaiden and evan.network signed, for whoever still holds such signatures.
///
/// They are only worked out here. No contract of ours takes them: they name no chain, so what is signed for one is good
/// on every other, and what is hashed has no lengths in it.
///
/// - Source: RaidenMicroTransferChannels 0.2.0, `extractBalanceProofSignature` and `extractClosingSignature`, which
///   follow a draft of EIP-712 from before its domains; evan.network's fork of it.
public enum BalanceProofLegacy: Hashable, Sendable, CaseIterable {
    /// Balances are `uint192`.
    case microRaiden
    /// Balances are `uint256`.
    case evan

    /// What the sender signed for each payment.
    ///
    /// - Parameters:
    ///   - openBlock: The block in which the channel was opened, which is a part of its name.
    ///   - balance: What is owed in all; larger ones than an amount can hold were never deposited.
    public func proofDigest(
        to receiver: Address, openBlock: UInt32, balance: Amount, contract: Address
    ) -> Hash32 {
        digest("address receiver", "Sender balance proof signature", receiver, openBlock, balance, contract)
    }

    /// What the receiver signed to end a channel at once.
    public func closingDigest(
        from sender: Address, openBlock: UInt32, balance: Amount, contract: Address
    ) -> Hash32 {
        digest("address sender", "Receiver closing signature", sender, openBlock, balance, contract)
    }

    /// keccak256(keccak256(schema) ‖ keccak256(values)), each packed: no lengths, no padding.
    private func digest(
        _ partner: String, _ message: String, _ account: Address, _ openBlock: UInt32, _ balance: Amount,
        _ contract: Address
    ) -> Hash32 {
        let schema = "string message_id\(partner)uint32 block_created\(balanceType) balanceaddress contract"
        let values =
            Array(message.utf8) + account.bytes + Self.bigEndian(UInt128(openBlock), length: 4)
            + Self.bigEndian(balance.units, length: balanceLength) + contract.bytes
        return Keccak256.hash(Keccak256.hash(utf8: schema).bytes + Keccak256.hash(values).bytes)
    }

    private static func bigEndian(_ number: UInt128, length: Int) -> [UInt8] {
        (0..<length).reversed().map { $0 < 16 ? UInt8(truncatingIfNeeded: number >> UInt128(8 * $0)) : 0 }
    }

    private var balanceType: String { self == .microRaiden ? "uint192" : "uint256" }
    private var balanceLength: Int { self == .microRaiden ? 24 : 32 }

    // MARK: - The first form

    /// The text that both sides signed in the last days of August 2017: the sender for each payment, and the receiver
    /// to end the channel.
    ///
    /// Nothing in it says who pays, where the contract is, or which of the two signs.
    ///
    /// - Parameter separator: A line feed on the first two days, a comma and a space after them.
    public static func text(
        receiver: Address, openBlock: UInt32, balance: Amount, separator: String = ", "
    ) -> String {
        ["Receiver: \(receiver.hex)", "Balance: \(balance)", "Channel ID: \(openBlock)"].joined(separator: separator)
    }

    /// What is signed of such a text: keccak256("\u{19}Ethereum Signed Message:\n" ‖ length in decimal ‖ text).
    ///
    /// - Source: `personal_sign`; EIP-191, version 0x45.
    public static func textDigest(_ text: String) -> Hash32 { messageDigest(Array(text.utf8)) }

    /// The same of any bytes.
    public static func messageDigest(_ bytes: [UInt8]) -> Hash32 {
        Keccak256.hash(Array("\u{19}Ethereum Signed Message:\n\(bytes.count)".utf8) + bytes)
    }
}
