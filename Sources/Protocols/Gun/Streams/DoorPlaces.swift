// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings

/// Where one calls at somebody's door, and where the answers lie.
struct DoorPlaces: Sendable {
    /// How many may call at the same moment without writing over each other.
    static let slots = 16
    /// - Unit: bytes of text.
    static let longestCall = 2048

    let name: String
    let owner: GunPublicKey

    /// Anybody may write there.
    var door: Soul { Soul("\(name)/\(owner)") }
    var answers: Soul { owner.soul.child(NodeKey(name)) }
    func stream(_ number: Int) -> Soul { answers.child(NodeKey("\(number)")) }

    /// Where somebody who calls writes.
    static func stream(of caller: GunPublicKey, name: String) -> Soul { caller.soul.child(NodeKey(name)) }

    static func key(_ slot: Int) -> NodeKey { NodeKey("\(slot)") }
}

/// What somebody writes who calls: `{"epub": …, "pub": …, "sealed": …}`.
struct DoorCall: Sendable {
    let pub: GunPublicKey
    let epub: String
    let sealed: String

    static func place(_ slot: NodeKey, _ places: DoorPlaces) -> String { PlaceSeal.place(slot, places.door) }

    /// Makes a call: that the caller has both private keys is shown by what is sealed.
    init(
        of pair: GunKeyPair, at slot: NodeKey, _ places: DoorPlaces, _ seal: PlaceSeal
    ) throws(GunError) {
        pub = pair.pub
        epub = pair.epub
        guard case .text(let text) = try seal.seal(Array(pub.text.utf8), for: Self.place(slot, places)) else {
            throw .badEnvelope
        }
        sealed = text
    }

    /// Reads a call, which may be anything; `nil` when it is none.
    init?(_ value: GunValue) {
        guard case .text(let text) = value, text.utf8.count <= DoorPlaces.longestCall,
            let json = try? JSON.parse(
                text, limits: JSON.Limits(maximumDepth: 2, maximumBytes: DoorPlaces.longestCall)),
            let pub = json["pub"]?.stringValue.flatMap({ try? GunPublicKey($0) }),
            let epub = json["epub"]?.stringValue, let sealed = json["sealed"]?.stringValue
        else { return nil }
        self.pub = pub
        self.epub = epub
        self.sealed = sealed
    }

    var value: GunValue {
        .text(JSON.object(["epub": .string(epub), "pub": .string(pub.text), "sealed": .string(sealed)]).text)
    }

    /// The secret with who calls, when the call is for this place.
    func seal(of owner: GunKeyPair, at slot: NodeKey, _ places: DoorPlaces) -> PlaceSeal? {
        guard let seal = try? PlaceSeal(owner, with: epub),
            let message = seal.open(
                .text(sealed), for: Self.place(slot, places), most: 128, longest: DoorPlaces.longestCall),
            message == Array(pub.text.utf8)
        else { return nil }
        return seal
    }
}

/// What is answered, sealed for the caller: the key to agree on a secret with for this stream, and where it is written.
struct DoorAnswer: Sendable {
    let epub: String
    let number: Int

    static let longest = 256

    init(epub: String, number: Int) {
        self.epub = epub
        self.number = number
    }

    init?(_ message: [UInt8]) {
        guard let json = try? JSON.parse(message, limits: JSON.Limits(maximumDepth: 2, maximumBytes: Self.longest)),
            let epub = json["epub"]?.stringValue, let number = json["stream"]?.stringValue.flatMap({ Int($0) }),
            (0..<GunDoor.mostStreams).contains(number)
        else { return nil }
        self.epub = epub
        self.number = number
    }

    var message: [UInt8] { JSON.object(["epub": .string(epub), "stream": .string("\(number)")]).bytes }
}
