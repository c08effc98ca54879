// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

/// Digests that another implementation of EIP-712 has worked out from the types' text.
@Suite("What the parties of a two-way channel sign")
struct TwoWayDigestTests {
    let domain: ContractDomain
    let terms = TwoWayTerms(
        first: address(0x11), second: address(0x22), token: address(0x44), firstDeposit: units(100),
        secondDeposit: units(50), challengeSeconds: 3600,
        salt: Hash32 { $0.copyBytes(from: [UInt8](repeating: 0x66, count: 32)) })
    let state = TwoWayState(nonce: 7, firstBalance: units(90), secondBalance: units(60))

    init() throws {
        domain = try #require(ContractDomain(.twoWay, on: Network(evm: 84_532), at: address(0x55)))
    }

    @Test func `is what anybody can work out from the types`() {
        let channel = terms.channelID(in: domain)
        #expect("\(channel)" == "0x2173bc4de597cccca3a1d62f4d3dea2e466c91ce85df56f3326da4d3ca47d62b")
        #expect(
            state.digest(of: channel, in: domain).hex
                == "0xd6672255e8e1ba0a70fa4c2b01564ccd102e0f38f2d7ed020881dbe4a89bd126")
        #expect(
            state.closeDigest(of: channel, in: domain).hex
                == "0xd552a7b0ea287f8897dceaf150ca8e8c02cc16a3c57d6a1a43673db8a06617d5")
        #expect(
            TwoWayContract.startCloseDigest(of: channel, at: 7, in: domain).hex
                == "0x9562480a3eb9054d89b2111f4bf734b43c66c16484c4eb2cb2ae77207e096831")
        #expect(
            TwoWayContract.cancelDigest(of: channel, in: domain).hex
                == "0x4787d31373ec13e369b2968b4da17cee3636b785d67d04ef1ab6e220c915b7a6")
        let resize = TwoWayResize(to: state, firstWithdrawal: units(5), secondWithdrawal: units(6))
        #expect(
            resize.digest(of: channel, in: domain).hex
                == "0x6338ecdb5f53decf4237532510f8e6552f4f61cbe7d2c9913333647b33d8bf01")
    }

    @Test func `names another channel for each term that is another`() {
        let changes: [(inout TwoWayTerms) -> Void] = [
            { $0.first = address(0x12) }, { $0.second = address(0x12) }, { $0.token = address(0x12) },
            { $0.firstDeposit = units(101) }, { $0.secondDeposit = units(51) }, { $0.challengeSeconds = 3601 },
            { $0.salt = .zero }, { ($0.first, $0.second) = ($0.second, $0.first) },
        ]
        let ids = changes.map { change in
            var terms = terms
            change(&terms)
            return terms.channelID(in: domain)
        }
        #expect(Set(ids + [terms.channelID(in: domain)]).count == changes.count + 1)
    }
}

private func address(_ byte: UInt8) -> Address { Address([UInt8](repeating: byte, count: 20)) ?? .zero }
