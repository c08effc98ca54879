// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives

extension Benchmark {
    static let verify = Benchmark(
        name: "verify",
        summary: "Signatures over secp256k1, by 256 keys in turn: libsecp256k1 called from C, and through our types."
    ) { _ in
        let bare = try BareSignatures()
        let ours: [Signed] = (0..<256).map { Signed(number: $0) }
        return Contest(entrants: [
            bare.verify,
            .loop("PublicKey.verifies", against: [.init(name: "C, verify", target: 0.98)], trial: 1000) { count in
                try expect(count) { ours[$0 % ours.count].isVerified }
            },
            bare.recover,
            .loop("PublicKey(recovering:)", against: [.init(name: "C, recover", target: 0.98)], trial: 1000) { count in
                try expect(count) { ours[$0 % ours.count].isRecovered }
            },
            bare.sign,
            .loop("KeySigner.signNow", against: [.init(name: "C, sign", target: 0.95)], trial: 1000) { count in
                try expect(count) { ours[$0 % ours.count].isSignedAgain }
            },
        ])
    }

    private static func expect(_ count: Int, _ isRight: (Int) -> Bool) throws {
        for number in 0..<count {
            guard isRight(number) else { throw WrongResult("Signature \(number) came out wrong.") }
        }
    }

    /// A key, a digest, and the key's signature over it.
    private struct Signed: Sendable {
        let signer: KeySigner
        let key: PublicKey
        let digest: Hash32
        let signature: Signature

        init(number: Int) {
            signer = BenchChannel.signer(number)
            key = signer.publicKey
            digest = Keccak256.hash(utf8: "digest \(number)")
            signature = signer.signNow(digest)
        }

        var isVerified: Bool { key.verifies(signature, over: digest) }
        var isRecovered: Bool { PublicKey(recovering: signature, over: digest) != nil }
        var isSignedAgain: Bool { signer.signNow(digest) == signature }
    }
}
