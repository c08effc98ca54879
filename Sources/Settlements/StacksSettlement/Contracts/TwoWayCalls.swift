// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingContracts
internal import FarthingEncodings
internal import FarthingPrimitives
internal import FarthingStacks

/// The contract `two-way-channels`: how its channels are read, and how it is called.
///
/// - Source: `Contracts/Clarity/two-way-channels.md`.
struct TwoWayCalls: StacksCalls {
    let contract: StacksContract
    let domain: ContractDomain
    let registry: StacksRegistry

    // MARK: - Reading

    func state(_ fields: ClarityTuple) -> TwoWayContract? {
        guard case .tuple(let told)? = fields["terms"], let terms = terms(told), let base = state(fields["base"]),
            let firstSurplus = fields["first-surplus"]?.number, let secondSurplus = fields["second-surplus"]?.number
        else { return nil }
        var writer = ByteWriter(version: 1, capacity: 300)
        writer.write(terms)
        writer.write(base)
        writer.write(Amount(units: firstSurplus))
        writer.write(Amount(units: secondSurplus))
        guard write(phaseOf: fields, to: &writer) else { return nil }
        return try? TwoWayContract(stored: writer.bytes)
    }

    /// Writes the phase in the rules' own stored form, which is read with all their checks.
    private func write(phaseOf fields: ClarityTuple, to writer: inout ByteWriter) -> Bool {
        guard let newest = state(fields["newest"]), let until = fields["until"]?.number else { return false }
        switch fields["phase"]?.number {
        case 1:
            let funded = fields["funded"]?.number
            writer.write(UInt8(0))
            writer.write(funded == 1 ? TwoWaySide.first : funded == 2 ? .second : nil) { $0.write($1.rawValue) }
        case 2: writer.write(UInt8(1))
        case 3:
            writer.write(UInt8(2))
            writer.write(newest)
            writer.write(Instant(unixSeconds: Int64(clamping: until)))
        case 4, 5:
            writer.write(UInt8(3))
            writer.write(fields["phase"]?.number == 4 ? newest : nil) { $0.write($1) }
        default: return false
        }
        return true
    }

    private func terms(_ fields: ClarityTuple) -> TwoWayTerms? {
        guard let first = fields["first"]?.address, let second = fields["second"]?.address,
            let token = fields["token"].flatMap(asset), let firstDeposit = fields["first-deposit"]?.number,
            let secondDeposit = fields["second-deposit"]?.number,
            let seconds = fields["challenge-seconds"]?.number.flatMap({ UInt64(exactly: $0) }),
            let salt = fields["salt"]?.hash
        else { return nil }
        return TwoWayTerms(
            first: first, second: second, token: token, firstDeposit: Amount(units: firstDeposit),
            secondDeposit: Amount(units: secondDeposit), challengeSeconds: seconds, salt: salt)
    }

    private func state(_ value: ClarityValue?) -> TwoWayState? {
        guard case .tuple(let fields)? = value,
            let nonce = fields["nonce"]?.number.flatMap({ UInt64(exactly: $0) }),
            let first = fields["first"]?.number, let second = fields["second"]?.number
        else { return nil }
        return TwoWayState(nonce: nonce, firstBalance: Amount(units: first), secondBalance: Amount(units: second))
    }

    // MARK: - Calling

    func calls(
        _ order: TwoWayContract.Order, on channel: ChannelID, _ state: TwoWayContract
    ) -> [StacksTransaction.ContractCall] {
        let (id, token) = (ClarityValue.buffer(channel.hash.bytes), contract.token(state.terms.token))
        let call: StacksTransaction.ContractCall? =
            switch order {
            case .cancel(let signature): contract.call("cancel", [id, .some(.buffer(signature.rsv)), token])
            case .resize(let resize, let signatures):
                contract.call(
                    "resize",
                    [
                        id, Self.value(of: resize.state), .uint(resize.firstWithdrawal.units),
                        .uint(resize.secondWithdrawal.units),
                    ] + Self.values(of: signatures) + [token])
            case .closeTogether(let state, let signatures):
                contract.call(
                    "close-together", [id, Self.value(of: state)] + Self.values(of: signatures) + [token])
            case .startClose(let signed, let signature):
                contract.call(
                    "start-close", [id, Self.value(of: signed), .some(.buffer(signature.rsv))])
            case .challenge(let signed):
                contract.call(
                    "challenge", [id, Self.value(of: signed.state)] + Self.values(of: signed.signatures))
            case .finalize: contract.call("finalize", [id, token])
            }
        return call.map { [$0] } ?? []
    }

    private static func value(of state: TwoWayState) -> ClarityValue {
        StacksContract.tuple([
            ("nonce", .uint(UInt128(state.nonce))), ("first", .uint(state.firstBalance.units)),
            ("second", .uint(state.secondBalance.units)),
        ])
    }

    private static func value(of signed: SignedTwoWayState?) -> ClarityValue {
        guard let signed else { return .none }
        return .some(
            StacksContract.tuple([
                ("state", value(of: signed.state)), ("first-signature", .buffer(signed.signatures.first.rsv)),
                ("second-signature", .buffer(signed.signatures.second.rsv)),
            ]))
    }

    private static func values(of signatures: TwoWaySignatures) -> [ClarityValue] {
        [.buffer(signatures.first.rsv), .buffer(signatures.second.rsv)]
    }

    // MARK: - Being refused

    /// What was agreed on is put in once; what came later is told by the surplus, and counted nowhere else.
    func isIn(_ funding: Funding, _ state: TwoWayContract) -> Bool {
        switch (state.phase, state.terms.side(of: funding.payer)) {
        case (_, nil), (.opening(nil), _): false
        case (.opening(let funded?), let side?): funded == side
        case (.open, _), (.closing, _), (.closed, _): true
        }
    }

    func refusal(_ number: UInt128) -> SettlementError {
        switch number {
        case 405: .invalidTerms
        case 416: tooEarly
        case 422: Self.noBalance
        default: unexpected(number)
        }
    }
}
