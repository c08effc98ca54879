// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingEncodings
internal import FarthingPrimitives

/// What a contract answered when it refused.
///
/// - Source: Solidity documentation, "Error handling"; the custom errors of x402BatchSettlement and of EIP-3009 tokens.
struct RevertReason {
    let selector: [UInt8]
    /// The text of a `require`, where there is one.
    let text: String?

    init(_ data: [UInt8]) {
        selector = Array(data.prefix(4))
        text =
            selector == ABI.selector("Error(string)")
            ? try? ABI.decodeString(Array(data.dropFirst(4)), limit: 200) : nil
    }

    /// What it means when nobody knows better from what was asked.
    var settlementError: SettlementError {
        if let known = Self.known[selector] { return known }
        if let text {
            let words = text.lowercased()
            if words.contains("used or canceled") { return .authorizationUsed }
            if words.contains("invalid signature") { return .authorizationSignature }
            if words.contains("exceeds balance") { return .insufficientBalance(has: nil, needs: .zero) }
            return .refused(code: "reverted", message: Self.plain(text))
        }
        return .refused(code: "reverted", message: selector.isEmpty ? nil : "custom error \(Hex.encode(selector))")
    }

    private static func plain(_ text: String) -> String {
        String(text.unicodeScalars.map { (0x20...0x7e).contains($0.value) ? Character($0) : " " })
    }

    private static let known: [[UInt8]: SettlementError] = {
        let errors: [(String, SettlementError)] = [
            ("InvalidChannel()", .invalidTerms), ("ZeroDeposit()", .zeroAmount), ("ZeroRefund()", .zeroAmount),
            ("DepositOverflow()", .overflow), ("EmptyBatch()", .emptyBatch),
            ("NotReceiverAuthorizer()", .mixedAuthorizers), ("InvalidSignature()", .voucherSignature),
            ("NothingToWithdraw()", .nothingToWithdraw), ("WithdrawalAlreadyPending()", .withdrawalAlreadyPending),
            ("WithdrawalNotPending()", .withdrawalNotPending),
        ]
        return Dictionary(errors.map { (ABI.selector($0.0), $0.1) }) { first, _ in first }
    }()
}
