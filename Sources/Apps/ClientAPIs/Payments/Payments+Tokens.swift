// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
public import FarthingContracts
import FarthingEncodings
public import FarthingPrimitives

/// Sums, texts and tokens: what stands beside the channels.
extension Payments {
    /// What is known of the token, and how much of it an account holds.
    public func tokenInfo(
        of account: Address
    ) async throws(PaymentsError) -> (symbol: String, decimals: Int, balance: Amount) {
        let account = self.account(of: account)
        do throws(SettlementError) {
            guard let known = try await settlement.token(token) else { throw .unknownToken(token) }
            return (known.symbol, known.decimals, try await settlement.balance(of: account, token: token))
        } catch { throw .settlement(error) }
    }

    /// Has the token's source give an account so many units.
    ///
    /// - Throws: ``PaymentsError/noTokenSource`` when ``PaymentsOptions/tokenSource`` is not set.
    public func buyTokens(_ amount: Amount, for account: Address) async throws(PaymentsError) {
        guard !amount.isZero else { throw .zeroAmount }
        guard let source = options.tokenSource else { throw .noTokenSource }
        do { try await source(self.account(of: account), token, amount) } catch {
            switch error {
            case is CancellationError: throw .cancelled
            case let error as SettlementError: throw .settlement(error)
            default: throw .contract(.settlement(.unavailable(reason: "\(type(of: error))")))
            }
        }
    }

    /// Waits until so many blocks lie on top of the one in which an order was carried out.
    ///
    /// Every call here returns when its order is in a block; this is for those who want it deeper.
    ///
    /// - Parameter interval: How long to wait between two looks.
    public func waitForBlocks(
        _ count: UInt64, after receipt: ContractReceipt<BalanceProofContract>, interval: Duration = .seconds(1)
    ) async throws(PaymentsError) {
        let (wanted, overflow) = receipt.height.addingReportingOverflow(count)
        while true {
            let height: UInt64
            do throws(SettlementError) { height = try await settlement.head().height } catch {
                throw .settlement(error)
            }
            if !overflow, height >= wanted { return }
            do { try await Task.sleep(for: interval) } catch { throw .cancelled }
        }
    }

    /// Signs a message that a person can read, or bytes in `0x` and digits.
    ///
    /// - Source: `personal_sign`; EIP-191, version 0x45. No contract takes such a signature for a payment.
    public func signMessage(_ message: String, by account: Address) async throws(PaymentsError) -> Signature {
        let account = self.account(of: account)
        let bytes = message.hasPrefix("0x") ? Hex.decode(message) ?? Array(message.utf8) : Array(message.utf8)
        return try await sign(BalanceProofLegacy.messageDigest(bytes), by: account)
    }

    /// Reads units of the token: decimal digits, or `0x` and digits; no sign, no exponent, no point.
    public static func amount(_ text: String) throws(PaymentsError) -> Amount {
        if text.hasPrefix("0x") {
            let digits = text.dropFirst(2)
            guard (1...32).contains(digits.utf8.count), digits.utf8.allSatisfy({ $0 != UInt8(ascii: "+") }),
                let units = UInt128(digits, radix: 16)
            else { throw .notAnAmount(text) }
            return Amount(units: units)
        }
        guard let amount = Amount(wire: text) else { throw .notAnAmount(text) }
        return amount
    }

    /// Reads whole tokens, such as `1.5`, as units of the token.
    public func units(ofTokens text: String) async throws(PaymentsError) -> Amount {
        guard let amount = Amount(tokens: text, decimals: try await decimals()) else { throw .notAnAmount(text) }
        return amount
    }

    /// Writes units as whole tokens, such as `1.5`.
    public func tokens(ofUnits amount: Amount) async throws(PaymentsError) -> String {
        amount.text(decimals: try await decimals())
    }

    private func decimals() async throws(PaymentsError) -> Int {
        do throws(SettlementError) {
            guard let known = try await settlement.token(token) else { throw .unknownToken(token) }
            return known.decimals
        } catch { throw .settlement(error) }
    }
}
