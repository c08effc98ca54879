// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingClientAPIs
import FarthingContracts
import FarthingGun

/// What lies between the client and the relay, as the command line says.
///
/// - nothing: memory within this program.
/// - `--gun`: a GUN relay on a port of its own on this machine, and a client of it for each side.
/// - `--gun ws://HOST:PORT/gun`: the same over a GUN relay that runs already.
struct Between {
    let client: any StateRelay
    let server: any StateRelay
    private let ends: [GunStateRelay]
    private let own: GunRelay?

    init(_ arguments: [String], client: KeySigner, server: KeySigner) async throws {
        guard arguments.first == "--gun" else {
            let memory = InProcessStateRelay()
            (self.client, self.server, ends, own) = (memory, memory, [], nil)
            return
        }
        var address = arguments.dropFirst().first
        var own: GunRelay?
        if address == nil {
            var configuration = GunRelayConfiguration()
            configuration.port = 0
            let relay = try await GunRelay.start(configuration)
            address = "ws://127.0.0.1:\(await relay.port)/gun"
            own = relay
        }
        let relays = [address ?? ""]
        let (ours, theirs) = (
            GunStateRelay(try await GunClient.connect(to: relays), identity: try await .derived(by: client)),
            GunStateRelay(try await GunClient.connect(to: relays), identity: try await .derived(by: server))
        )
        (self.client, self.server, ends, self.own) = (ours, theirs, [ours, theirs], own)
        print("over GUN at \(relays[0])")
    }

    /// Each side pins the other's contact, which came by a road of its own: here, through this program's memory.
    func pin(_ terms: TwoWayTerms, in domain: ContractDomain) async throws {
        guard ends.count == 2 else { return }
        try await ends[0].pin(ends[1].identity.contact, under: terms, in: domain)
        try await ends[1].pin(ends[0].identity.contact, under: terms, in: domain)
    }

    /// The nonce of the newest state that the graph holds with both signatures.
    func backedUp(_ channel: ChannelID) async throws -> UInt64? {
        try await ends.first?.newestAgreement(of: channel).newest?.state.nonce
    }

    func close() async {
        for end in ends { await end.client.close() }
        await own?.shutdown()
    }
}
