// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("The stored form of a voucher channel")
struct StoredFormTests {
    /// A channel in every phase, with and without all that may be missing.
    private static func channels() throws -> [VoucherChannel] {
        let alice = try Alice()
        let fresh = Bob(alice: alice)
        var used = try Bob(alice: alice, balance: 10_000, charged: 1_000)
        _ = try used.channel.apply(.deliveryFailed(300))
        _ = try used.channel.apply(.observed(Bob.snapshot(10_000, claimed: 700, withdrawing: 5, refunds: 2, at: 9)))
        var depositing = used
        let id = try depositing.letIn(price: 500, deposit: try alice.deposit(1_000))
        _ = try depositing.channel.apply(.served(id, price: 400, at: noon))
        var refunding = used
        _ = try refunding.channel.apply(.refundAsked(refunding.draw(), try alice.voucher(1_000), amount: 77))
        var byPermit2 = used
        let other = try byPermit2.letIn(price: 500, deposit: try Self.permit())
        _ = try byPermit2.channel.apply(.served(other, price: 400, at: noon))
        return [fresh.channel, used.channel, depositing.channel, byPermit2.channel, refunding.channel]
    }

    private static func permit() throws -> SignedDeposit {
        var deposit = try Alice().deposit(1_000)
        deposit.authorization.method = .permit2
        return deposit
    }

    private static func effects() throws -> [VoucherChannel.Effect] {
        [
            .submitDeposit(try Alice().deposit(1_000), for: ReservationID(7)),
            .submitDeposit(try permit(), for: ReservationID(7)),
            .submitRefund(amount: .max, nonce: .max, for: ReservationID(.max)),
            .claim,
        ]
    }

    @Test func `brings back a channel in every phase`() throws {
        for channel in try Self.channels() {
            #expect(try VoucherChannel(stored: channel.stored) == channel)
        }
    }

    @Test func `brings back every effect`() throws {
        for effect in try Self.effects() {
            #expect(try VoucherChannel.effect(stored: VoucherChannel.stored(effect)) == effect)
        }
    }

    @Test func `leaves out a request in flight, because nobody waits for it after a restart`() throws {
        var bob = try Bob(alice: try Alice(), balance: 10_000, charged: 1_000)
        let before = bob.channel
        let id = try bob.letIn(price: 500)
        #expect(bob.channel.stored == before.stored)
        let restarted = try VoucherChannel(stored: bob.channel.stored)
        #expect(restarted == before)
        expectRefusal(.served(id, price: 500, at: noon), restarted, .reservationLost, "channel_busy")
    }

    @Test func `begins with its version, the id and the terms, each at its place`() throws {
        let alice = try Alice(salt: 3)
        let bytes = try Bob(alice: alice, balance: 10_000, charged: 1_000).channel.stored
        #expect(bytes[0] == 1)
        #expect(Array(bytes[1..<33]) == alice.id.hash.bytes)
        #expect(Array(bytes[33..<53]) == alice.terms.payer.bytes)
        #expect(Array(bytes[133..<141]) == [0, 0, 0, 0, 0, 0, 3, 132])
        #expect(Array(bytes[141..<173]) == alice.terms.salt.bytes)
        #expect(bytes[173..<189].reduce(0) { $0 << 8 | UInt128($1) } == 10_000)
        #expect(bytes.count == 427)
    }

    /// Version 1 must be readable for ever.
    ///
    /// When this fails, the layout has changed: raise the version instead.
    @Test func `never changes its layout`() throws {
        let expected = [
            "0x4c6bdc07e9406ea9a2fb2265d1226caaf72d0d659b4167f952528d8fea04968f",
            "0x6db0a44231fa8af58e97595f3711d3f55413808b9f366cb6688f0fe029316878",
            "0xaaad5b5855d1e2c11c26eafef4fc4d22e4f5508d779797923aa1e152b41cc72c",
            "0x5204c3f8b9360ee8a205a71a1d9fea4c3a58547d735f2bd2b50cabafb90f5195",
            "0x7f61fa5c68fc65b2311c91d7e90726bb9c63ca732ec01a6d8f27bd2b55255c74",
        ]
        let hashes = try Self.channels().map { Keccak256.hash($0.stored).hex }
        #expect(hashes == expected)
        let effects = try Self.effects().map { Keccak256.hash(VoucherChannel.stored($0)).hex }
        let expectedEffects = [
            "0x48a557ad40a751fd8273fcd39585e2b4ad1cfb6096d128089e1372e0caf74299",
            "0xbd3ba5a7339e383bc36956947e94597d4934b206c0a7b6c934f97d816361ee30",
            "0x0b465ef62010e652f8df006c0c67076340acc8bd22b0f2a0d6692d95bf4dd1d1",
            "0xe79122d7217c9f663b7c4fd4fb85f099c90ce869d98c13640b739099482b0548",
        ]
        #expect(effects == expectedEffects)
    }

    // MARK: - Damage

    @Test func `is refused when it was cut short anywhere, or when bytes are left over`() throws {
        for bytes in try Self.channels().map(\.stored) {
            for count in bytes.indices { refuse(Array(bytes.prefix(count)), .damaged) }
            refuse(bytes + [0], .damaged)
        }
        for bytes in try Self.effects().map(VoucherChannel.stored) {
            for count in bytes.indices { refuseEffect(Array(bytes.prefix(count)), .damaged) }
            refuseEffect(bytes + [0], .damaged)
        }
    }

    @Test func `is refused when a later version wrote it, or no version at all`() throws {
        let channel = try #require(try Self.channels().first).stored
        let effect = VoucherChannel.stored(.claim)
        for version in [2, 3, 255] as [UInt8] {
            refuse([version] + channel.dropFirst(), .newer(version: version))
            refuseEffect([version] + effect.dropFirst(), .newer(version: version))
        }
        refuse([0] + channel.dropFirst(), .damaged)
        refuseEffect([0] + effect.dropFirst(), .damaged)
        refuse([], .damaged)
        refuseEffect([], .damaged)
    }

    @Test func `is refused when it names a phase or an effect that does not exist`() throws {
        let fresh = Bob(alice: try Alice()).channel.stored
        #expect(fresh.last == 0)
        for phase in [3, 255] as [UInt8] { refuse(fresh.dropLast() + [phase], .damaged) }
        for kind in [0, 4, 255] as [UInt8] { refuseEffect([1, kind], .damaged) }
    }

    @Test func `may be mutated in any way without bringing down the reader or the channel`() throws {
        let originals = try Self.channels().map(\.stored)
        let alice = try Alice()
        let probe = try Bob(alice: alice).reservation(ReservationID(9), ceiling: 2_000, price: 1_000)
        for seed in UInt64(0)..<2_000 {
            var random = SeededGenerator(seed: seed)
            var bytes = try #require(originals.randomElement(using: &random))
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                guard let place = bytes.indices.randomElement(using: &random) else { break }
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 2: bytes.remove(at: place)
                default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
                }
            }
            guard var channel = try? VoucherChannel(stored: bytes) else { continue }
            _ = try? channel.apply(.paymentArrived(probe, at: noon))
            _ = try? channel.apply(.served(probe.id, price: 1_000, at: noon))
            _ = try? channel.apply(.deliveryFailed(1))
            _ = try? channel.apply(.observed(Bob.snapshot(.max, claimed: .max, withdrawing: .max, at: .max)))
            _ = channel.claimRow(in: alice.domain)
            #expect(try VoucherChannel(stored: channel.stored) == channel, "seed \(seed)")
        }
    }

    private func refuse(
        _ bytes: [UInt8], _ error: StoredFormError, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(throws: error, sourceLocation: sourceLocation) { try VoucherChannel(stored: bytes) }
    }

    private func refuseEffect(
        _ bytes: [UInt8], _ error: StoredFormError, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(throws: error, sourceLocation: sourceLocation) { try VoucherChannel.effect(stored: bytes) }
    }
}
