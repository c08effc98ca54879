// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingGun
import FarthingPrimitives

/// Encrypts what two parties tell each other, and names the places where it lies so that only they know them.
struct GunEnvelope: Sendable {
    /// How long a value may be that is opened at all.
    ///
    /// - Unit: bytes of text.
    static let mostBytes = 8192

    /// The secret that both pairs lead to: SEA's, by ECDH.
    private let secret: String
    private let seal: PlaceSeal

    init(_ pair: GunKeyPair, with epub: String) throws(GunError) {
        secret = try SEA.secret(with: epub, of: pair)
        seal = PlaceSeal(secret: secret)
    }

    /// The node of a channel in a party's part of the graph; its name says nothing to others.
    func soul(of channel: ChannelID, owner: GunPublicKey) -> Soul {
        owner.soul.child("farthing").child(NodeKey(pseudonym("\(owner.text)/\(channel)")))
    }

    /// A name that only those can make who know the secret.
    func pseudonym(_ text: String) -> String {
        String(Keccak256.hash(utf8: "farthing-gun-1/\(secret)/\(text)").hex.dropFirst(2).prefix(32))
    }

    /// Encrypts a message for a place, which goes into the text, so that it counts for nothing in another.
    func seal(_ message: [UInt8], for place: String) throws(GunError) -> GunValue {
        try seal.seal(message, for: place)
    }

    /// The message; `nil` when the value is anything else than one for this place.
    func open(_ value: GunValue?, for place: String, most: Int) -> [UInt8]? {
        seal.open(value, for: place, most: most, longest: Self.mostBytes)
    }
}
