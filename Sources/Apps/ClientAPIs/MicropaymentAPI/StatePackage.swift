// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingEncodings
public import FarthingPrimitives
public import FarthingTwoWayScheme
import FarthingX402

/// A state, or an end, with one side's signature, as it goes through a relay.
///
///     {"data":{"channelId":"0x…","nonce":"1","clientBalance":"9","relayBalance":"1"},"signature":"0x…"}
///
/// An end has `closeSignature` in the place of `signature`. What is signed is not this text but the digest that the
/// contract verifies, so neither the order of members nor the form of numbers matters.
public struct StatePackage: Hashable, Sendable {
    public let channel: ChannelID
    public let payment: UnverifiedTwoWayPayment

    public init(_ payment: UnverifiedTwoWayPayment, of channel: ChannelID) {
        self.channel = channel
        self.payment = payment
    }

    public var state: TwoWayState { payment.state }
    public var signature: Signature { payment.signature }

    public var json: JSON {
        [
            "data": [
                "channelId": .string("\(channel)"), "nonce": .string("\(state.nonce)"),
                "clientBalance": .string("\(state.firstBalance)"), "relayBalance": .string("\(state.secondBalance)"),
            ],
            .init(stringLiteral: payment.isClose ? "closeSignature" : "signature"): .string(signature.hex),
        ]
    }
}

/// One side's answer to a state: its signature, and the state's nonce.
///
///     {"stateNonce":"1","signature":"0x…"}
public struct StateSignature: Hashable, Sendable {
    public let nonce: UInt64
    public let signature: Signature

    public init(nonce: UInt64, signature: Signature) {
        self.nonce = nonce
        self.signature = signature
    }

    public var json: JSON { ["stateNonce": .string("\(nonce)"), "signature": .string(signature.hex)] }
}

// MARK: - Reading

extension StatePackage {
    /// Reads what came through a relay; nobody has looked at the signature yet.
    ///
    /// - Throws: ``MicropaymentError/oversize(bytes:most:)`` or ``MicropaymentError/malformed(field:)``.
    public init(message: [UInt8]) throws(MicropaymentError) {
        let json = try Self.object(message)
        self = try readMembers { () throws(MemberFault) in
            let members = JSONMembers(json)
            let data = members.object("data")
            let isClose = members.has("closeSignature")
            return StatePackage(
                UnverifiedTwoWayPayment(
                    TwoWayState(
                        nonce: try data.number("nonce"), firstBalance: try data.amount("clientBalance"),
                        secondBalance: try data.amount("relayBalance")),
                    signature: try members.signature(isClose ? "closeSignature" : "signature"), isClose: isClose),
                of: ChannelID(try data.hash("channelId")))
        }
    }

    fileprivate static func object(_ bytes: [UInt8]) throws(MicropaymentError) -> JSON {
        guard bytes.count <= StateRelayError.mostBytes else {
            throw .oversize(bytes: bytes.count, most: StateRelayError.mostBytes)
        }
        do throws(JSON.ParseError) {
            return try JSON.parse(bytes, limits: JSON.Limits(maximumDepth: 3, maximumBytes: StateRelayError.mostBytes))
        } catch { throw .malformed(field: nil) }
    }
}

extension StateSignature {
    /// Reads what came through a relay; nobody has looked at the signature yet.
    ///
    /// - Throws: ``MicropaymentError/oversize(bytes:most:)`` or ``MicropaymentError/malformed(field:)``.
    public init(message: [UInt8]) throws(MicropaymentError) {
        let json = try StatePackage.object(message)
        self = try readMembers { () throws(MemberFault) in
            let members = JSONMembers(json)
            return StateSignature(
                nonce: try members.number("stateNonce"), signature: try members.signature("signature"))
        }
    }
}

private func readMembers<Value>(
    _ read: () throws(MemberFault) -> Value
) throws(MicropaymentError) -> Value {
    do throws(MemberFault) { return try read() } catch { throw .malformed(field: error.field) }
}
