// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingEncodings
public import FarthingPrimitives
import Foundation

/// Puts contracts where programs look for them that know only the addresses of public chains.
extension Devnet {
    /// Where USDC is on Base Sepolia, and here as well.
    public static let usdc = "0x036CbD53842c5426634e7929541eC2318f3dCF7e"

    /// Puts twins of x402's contracts, of Permit2, Multicall3 and of USDC to the addresses that they have elsewhere.
    public func installStandardContracts() async throws {
        let settlement = "0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003"
        let permit2 = "0x000000000022D473030F116dDEE9F6B43aC78BA3"
        try await place("BatchSettlement", [], at: settlement)
        try await place("ERC3009Collector", [address(settlement)], at: "0x4020806089470a89826cB9fB1f4059150b550004")
        try await place(
            "Permit2Collector", [address(settlement), address(permit2)],
            at: "0x4020425FAf3B746C082C2f942b4E5159887B0005")
        try await place("Permit2", [], at: permit2)
        try await place("Multicall3", [], at: "0xcA11bde05977b3631167028862bE2a173976CA11")
        try await place(
            "TestUSDC", [.string("USDC"), .string("USDC"), .string("2"), .uint(UInt64(6))], at: Self.usdc)
    }

    /// Makes a contract, and copies it and what it keeps to another address.
    func place(_ name: String, _ arguments: [ABI.Value], at address: String) async throws {
        let data = try DevnetProcess.creation(of: name) + ABI.encode(arguments: arguments)
        let made = try await send(data, to: nil)
        guard let source = made["contractAddress"]?.stringValue else { throw DevnetFault.refused(name, "not made") }
        try await ask("anvil_setCode", .string(address), try await ask("eth_getCode", .string(source), "latest"))
        let slots = try await ask("devnet_storage", .string(source))
        for slot in slots.members ?? [] {
            let value = slot.value.stringValue.flatMap { UInt256Text($0) }
            try await ask(
                "anvil_setStorageAt", .string(address), .string(slot.name), .string(value?.word ?? "0x"))
        }
    }

    /// Makes tokens for an account; the token of a local chain lets everybody.
    public func mint(_ units: Int, for account: Address, token: String = usdc) async throws {
        let data = ABI.call("mint(address,uint256)", [.address(account), .uint(Amount(units: UInt128(units)))])
        _ = try await send(data, to: token)
    }

    /// Has a token refuse every `transfer`, as one that bars an account does; all else it does as before.
    ///
    /// - Returns: What puts its own code back, in `anvil_setCode`.
    public func barTransfers(of token: String) async throws -> JSON {
        let code = try await ask("eth_getCode", .string(token), "latest")
        let copy = "0x00000000000000000000000000000000000ba77e"
        try await ask("anvil_setCode", .string(copy), code)
        // Jumps to a revert for the selector of transfer(address,uint256), and else lets the copy act on its own slots.
        try await ask(
            "anvil_setCode", .string(token),
            .string(
                "0x5f3560e01c63a9059cbb1460375736" + "5f5f375f5f365f73" + copy.dropFirst(2) + "5af4"
                    + "3d5f5f3e603b573d5ffd5b5f5ffd5b3d5ff3"))
        return code
    }

    /// Sends a transaction from the first account.
    ///
    /// - Returns: Its receipt.
    @discardableResult
    public func send(_ data: [UInt8], to contract: String?) async throws -> JSON {
        var members = [
            JSON.Member(name: "from", value: .string(accounts[0].address.hex)),
            JSON.Member(name: "data", value: .string(Hex.encode(data))),
        ]
        if let contract { members.append(JSON.Member(name: "to", value: .string(contract))) }
        let hash = try await ask("eth_sendTransaction", .object(members))
        // Where blocks come at intervals, it takes one.
        for _ in 0..<200 {
            let receipt = try await ask("eth_getTransactionReceipt", hash)
            if let status = receipt["status"]?.stringValue {
                guard status == "0x1" else { throw DevnetFault.refused("eth_sendTransaction", "it was reverted") }
                return receipt
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw DevnetFault.refused("eth_sendTransaction", "it is not mined")
    }

    private func address(_ text: String) -> ABI.Value { .address(Address(hex: text) ?? .zero) }
}

/// A word that was written as a quantity.
private struct UInt256Text {
    /// `0x` and 64 digits.
    let word: String

    init?(_ quantity: String) {
        guard quantity.hasPrefix("0x"), quantity.count <= 66 else { return nil }
        word = "0x" + String(repeating: "0", count: 66 - quantity.count) + quantity.dropFirst(2)
    }
}
