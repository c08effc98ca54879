// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingDevnet
import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingEVMSettlement

@Suite("Deposits by Permit2", .timeLimit(.minutes(5)))
struct Permit2DepositTests {
    /// Standard addresses, since Permit2 has one alone.
    private struct Ground {
        let devnet: Devnet
        let token: Address
        let payer: KeySigner
        let receiver: KeySigner
        /// The payer's, for its approval.
        let payers: EVMSettlement
        let settlement: EVMSettlement

        static func open(_ body: (Ground) async throws -> Void) async throws {
            let devnet = try await Devnet.start()
            do {
                try await devnet.installStandardContracts()
                let registry = try #require(ContractRegistry(network: Network(evm: devnet.chainID)))
                let payer = try TestChain.signer(devnet, 1)
                func settlement(_ signer: KeySigner) throws -> EVMSettlement {
                    try EVMSettlement(
                        urls: devnet.urls, signer: signer, contracts: registry, sending: TestChain.policy)
                }
                let ground = Ground(
                    devnet: devnet, token: try #require(Address(hex: Devnet.usdc)), payer: payer,
                    receiver: try TestChain.signer(devnet, 2), payers: try settlement(payer),
                    settlement: try settlement(try TestChain.signer(devnet, 0)))
                do {
                    try await devnet.mint(1_000_000, for: payer.address)
                    try await body(ground)
                } catch {
                    await ground.shutdown()
                    throw error
                }
                await ground.shutdown()
            } catch {
                devnet.stop()
                throw error
            }
            devnet.stop()
        }

        private func shutdown() async {
            await payers.shutdown()
            await settlement.shutdown()
        }

        func terms(_ salt: UInt64 = 1) -> ChannelTerms {
            ChannelTerms(
                payer: payer.address, payerAuthorizer: payer.address, receiver: receiver.address,
                receiverAuthorizer: receiver.address, token: token, withdrawDelay: 900,
                salt: ABI.Word.uint(salt).bytes)
        }

        /// - Parameter witness: The channel that is signed for; `nil` for that of the terms.
        func deposit(
            _ amount: UInt128, in terms: ChannelTerms, nonce: Hash32 = ABI.Word.uint(7 as UInt64).bytes,
            until deadline: UInt64 = UInt64(UInt32.max), witness: ChannelID? = nil, by signer: KeySigner? = nil
        ) -> SignedDeposit {
            let digest = settlement.domain.permit2DepositDigest(
                channel: witness ?? settlement.domain.channelID(of: terms), token: token,
                amount: Amount(units: amount), nonce: nonce, deadline: deadline)
            return SignedDeposit(
                terms: terms, amount: Amount(units: amount),
                authorization: TransferAuthorization(
                    validAfter: 0, validBefore: deadline, salt: nonce,
                    signature: (signer ?? payer).signNow(digest), method: .permit2))
        }

        func voucher(of terms: ChannelTerms) -> SignedCeiling {
            let digest = settlement.domain.voucherDigest(
                channel: settlement.domain.channelID(of: terms), ceiling: .zero)
            return SignedCeiling(terms: terms, ceiling: .zero, signature: payer.signNow(digest))
        }

        /// - Returns: The error's code; `nil` when it was made.
        func refusal(of deposit: SignedDeposit, by settlement: EVMSettlement? = nil) async throws -> String? {
            do throws(SettlementError) {
                _ = try await (settlement ?? self.settlement).deposit(deposit, for: voucher(of: deposit.terms))
                return nil
            } catch { return error.code }
        }

        func held() async throws -> UInt128 {
            try await settlement.balance(of: payer.address, token: token).units
        }

        /// What the contract itself says to calldata that nobody here checked.
        func contractRefuses(_ deposit: SignedDeposit) async throws -> Bool {
            do throws(SendingFault) {
                _ = try await settlement.dispatch(settlement.calldata(of: deposit), to: settlement.domain.contract)
                return false
            } catch .reverted {
                return true
            } catch { throw error }
        }
    }

    @Test func `A payer that approved Permit2 once signs, and whoever settles locks its money`() async throws {
        try await Ground.open { ground in
            let terms = ground.terms()
            let deposit = ground.deposit(1000, in: terms)
            // Nobody can take what was not approved.
            await #expect(
                throws: SettlementError.refused(
                    code: "invalid_batch_settlement_evm_permit2_allowance_required",
                    message: "Permit2 may take 0 of the payer's, and the deposit is 1000.")
            ) { try await ground.settlement.check(deposit, for: ground.voucher(of: terms)) }
            #expect(try await ground.contractRefuses(deposit))
            try await ground.payers.approvePermit2(of: ground.token, upTo: Amount(units: 5000))
            let allowed = try await ground.settlement.permit2Allowance(of: ground.payer.address, token: ground.token)
            #expect(allowed == Amount(units: 5000))

            try await ground.settlement.check(deposit, for: ground.voucher(of: terms))
            let receipt = try await ground.settlement.deposit(deposit, for: ground.voucher(of: terms))
            #expect(receipt.snapshot.balance == Amount(units: 1000))
            // A nonce need not be the next, and may have 256 bits.
            let high = Hash32 { space in space.initializeMemory(as: UInt8.self, repeating: 0xfe) }
            let more = try await ground.settlement.deposit(
                ground.deposit(500, in: terms, nonce: high), for: ground.voucher(of: terms))
            #expect(more.snapshot.balance == Amount(units: 1500))
            let left = try await ground.held()
            #expect(left == 1_000_000 - 1500)
        }
    }

    @Test func `Handed in again, it answers with the first transaction, also after a restart`() async throws {
        try await Ground.open { ground in
            try await ground.payers.approvePermit2(of: ground.token, upTo: .max)
            let terms = ground.terms()
            let deposit = ground.deposit(1000, in: terms)
            let first = try await ground.settlement.deposit(deposit, for: ground.voucher(of: terms))
            // Others of the same sum come after it.
            for nonce in 8..<11 as Range<UInt64> {
                let other = ground.deposit(1000, in: terms, nonce: ABI.Word.uint(nonce).bytes)
                _ = try await ground.settlement.deposit(other, for: ground.voucher(of: terms))
            }
            let again = try await ground.settlement.deposit(deposit, for: ground.voucher(of: terms))
            #expect(again.transaction == first.transaction)
            let restarted = try await ground.payers.deposit(deposit, for: ground.voucher(of: terms))
            #expect(restarted.transaction == first.transaction)
            let left = try await ground.held()
            #expect(left == 1_000_000 - 4000)
            // The contract would not have it twice.
            #expect(try await ground.contractRefuses(deposit))
        }
    }

    @Test func `Nobody moves a deposit to another channel, sum, token or payer`() async throws {
        try await Ground.open { ground in
            try await ground.payers.approvePermit2(of: ground.token, upTo: .max)
            let (terms, others) = (ground.terms(), ground.terms(2))
            let id = ground.settlement.domain.channelID(of: terms)
            // The witness is another channel's: the payee of that one cannot have it.
            let moved = ground.deposit(1000, in: others, witness: id)
            var larger = ground.deposit(1000, in: terms)
            larger.amount = Amount(units: 1001)
            var renumbered = ground.deposit(1000, in: terms)
            renumbered.authorization.salt = ABI.Word.uint(8 as UInt64).bytes
            var longer = ground.deposit(1000, in: terms, until: 2_000_000_000)
            longer.authorization.validBefore += 1
            let forged = ground.deposit(1000, in: terms, by: ground.receiver)
            var asAuthorization = ground.deposit(1000, in: terms)
            asAuthorization.authorization.method = .eip3009
            for attack in [moved, larger, renumbered, longer, forged, asAuthorization] {
                #expect(try await ground.refusal(of: attack) == "settlement.authorization-signature")
                #expect(try await ground.contractRefuses(attack))
            }
            let left = try await ground.held()
            #expect(left == 1_000_000)
        }
    }

    @Test func `One that is too late is refused, and so is one for more than there is`() async throws {
        try await Ground.open { ground in
            try await ground.payers.approvePermit2(of: ground.token, upTo: .max)
            let now = UInt64(clamping: try await ground.settlement.head().time.unixSeconds)
            let late = ground.deposit(1000, in: ground.terms(), until: now - 1)
            #expect(try await ground.refusal(of: late) == "settlement.authorization-expired")
            #expect(try await ground.contractRefuses(late))
            let rich = ground.deposit(1_000_001, in: ground.terms())
            #expect(try await ground.refusal(of: rich) == "settlement.insufficient-balance")
            #expect(try await ground.contractRefuses(rich))
            let nothing = ground.deposit(0, in: ground.terms())
            #expect(try await ground.refusal(of: nothing) == "settlement.zero-amount")
        }
    }

    @Test func `A nonce that its payer gave away or took back opens nothing`() async throws {
        try await Ground.open { ground in
            try await ground.payers.approvePermit2(of: ground.token, upTo: .max)
            let first = ground.deposit(1000, in: ground.terms())
            // Two leaves with one nonce: who hands in the second is not told that it was made.
            let second = ground.deposit(1000, in: ground.terms(2))
            #expect(try await ground.refusal(of: first) == nil)
            #expect(try await ground.refusal(of: second) == "settlement.authorization-used")
            #expect(try await ground.contractRefuses(second))
            let sameChannel = ground.deposit(900, in: ground.terms())
            #expect(try await ground.refusal(of: sameChannel) == "settlement.authorization-used")

            let taken = ground.deposit(1000, in: ground.terms(), nonce: ABI.Word.uint(300 as UInt64).bytes)
            let call = ABI.call(
                "invalidateUnorderedNonces(uint256,uint256)", [.uint(UInt64(1)), .uint(UInt64(1) << 44)])
            _ = try await ground.payers.send(call, to: SettlementDomain.permit2)
            #expect(try await ground.refusal(of: taken) == "settlement.authorization-used")
            #expect(try await ground.contractRefuses(taken))
            let left = try await ground.held()
            #expect(left == 1_000_000 - 1000)
        }
    }

    @Test func `On a chain without Permit2 it says so`() async throws {
        try await TestChain.open { chain in
            let terms = chain.terms()
            let digest = chain.settlement.domain.permit2DepositDigest(
                channel: chain.settlement.domain.channelID(of: terms), token: terms.token, amount: Amount(units: 1000),
                nonce: Amount.zero, deadline: UInt64(UInt32.max))
            let deposit = SignedDeposit(
                terms: terms, amount: Amount(units: 1000),
                authorization: TransferAuthorization(
                    validAfter: 0, validBefore: UInt64(UInt32.max), salt: .zero,
                    signature: chain.payer.signNow(digest), method: .permit2))
            let error = await #expect(throws: SettlementError.self) {
                try await chain.settlement.deposit(deposit, for: chain.voucher(0, of: terms))
            }
            #expect(error?.message.contains("there is no Permit2 on this chain") == true)
        }
    }
}
