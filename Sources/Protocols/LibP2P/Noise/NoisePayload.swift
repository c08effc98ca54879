// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// What the peers tell each other inside the handshake: who they are, and which muxers they have.
///
/// - Unit: protobuf `{1: identity_key, 2: identity_sig, 4: {2: repeated stream_muxers}}`.
/// - Source: libp2p specs, noise/README.md, revision 4.
public struct NoisePayload: Hashable, Sendable {
    public static let signaturePrefix = Array("noise-libp2p-static-key:".utf8)
    static let mostMuxers = 32

    public let identityKey: [UInt8]
    public let signature: [UInt8]
    /// Empty when the peer does not offer to choose the muxer here.
    public let muxers: [String]

    /// Signs the Noise key of a connection.
    public init(identity: PeerIdentity, noiseKey: [UInt8], muxers: [String]) throws(NoiseError) {
        identityKey = identity.publicKey.message
        do throws(KeyError) { signature = try identity.sign(Self.signaturePrefix + noiseKey) } catch {
            throw .badIdentity(error)
        }
        self.muxers = muxers
    }

    /// Reads a payload, and checks nothing but its form.
    public init(bytes: [UInt8]) throws(NoiseError) {
        do throws(WireError) {
            let fields = try ProtobufMessage(bytes)
            identityKey = try fields.required(1)
            signature = try fields.required(2)
            let extensions = try ProtobufMessage(fields.bytes(4) ?? [])
            muxers = extensions.all(2).prefix(Self.mostMuxers).compactMap { String(validating: $0, as: UTF8.self) }
        } catch { throw .badPayload }
    }

    public var bytes: [UInt8] {
        var writer = ProtobufWriter()
        writer.add(1, identityKey)
        writer.add(2, signature)
        if !muxers.isEmpty {
            var extensions = ProtobufWriter()
            for muxer in muxers { extensions.add(2, muxer) }
            writer.add(4, extensions.bytes)
        }
        return writer.bytes
    }

    /// The key of the peer that signed `noiseKey`.
    public func verifiedKey(noiseKey: [UInt8]) throws(NoiseError) -> PeerPublicKey {
        let key: PeerPublicKey
        do throws(KeyError) { key = try PeerPublicKey(message: identityKey) } catch { throw .badIdentity(error) }
        guard key.verifies(signature, over: Self.signaturePrefix + noiseKey) else { throw .badSignature }
        return key
    }
}
