// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingEncodings
internal import FarthingPrimitives

/// What is different from endpoint to endpoint, and must not be left to one of them all the same: it could keep all
/// transactions from being sent.
extension ChainClient {
    /// What a call would come to, as those endpoints say that would have it.
    ///
    /// - Throws: The contract's own refusal when enough endpoints tell of one; else, where no endpoint would have the
    ///   call, what stood in the way.
    func outcomes(of call: Endpoint.Call) async throws(EndpointFault) -> [JSON] {
        guard quorum > 1 else { return [try await ask([call])[0].get()] }
        var outcomes: [JSON] = []
        var reverts: [EndpointFault] = []
        var trouble: EndpointFault?
        for answer in await askAll([call]) {
            do throws(EndpointFault) { outcomes.append(try answer.get()[0].get()) } catch {
                // What an endpoint says of itself tells more than that there was no answer.
                if error.isRevert { reverts.append(error) } else if trouble?.isRefusal != true { trouble = error }
            }
        }
        if reverts.count >= quorum, let revert = reverts.first { throw revert }
        guard outcomes.isEmpty else { return outcomes }
        throw trouble ?? .disagreement
    }

    /// How many transactions of an account were mined, as enough endpoints have it, and how many with those that wait.
    func counts(of account: Address) async throws(EndpointFault) -> (mined: UInt64, pending: UInt64) {
        let calls: [Endpoint.Call] = [.count(account, "latest"), .count(account, "pending")]
        let told = try await several(calls) { answers throws(EndpointFault) in
            (mined: try Quantity.readCount(answers[0]), pending: try Quantity.readCount(answers[1]))
        }
        return (
            told.map(\.mined).sorted(by: >)[min(quorum, told.count) - 1], told.map(\.pending).median ?? 0
        )
    }

    /// What the next block burns for a unit of gas, and what most pay on top, in wei: what is said in the middle.
    func prices() async throws(EndpointFault) -> (base: UInt128, tip: UInt128) {
        let told = try await several([.feeHistory]) { answers throws(EndpointFault) in
            try Self.prices(in: answers[0])
        }
        return (told.map(\.base).median ?? 0, told.map(\.tip).median ?? 0)
    }

    private static func prices(in history: JSON) throws(EndpointFault) -> (base: UInt128, tip: UInt128) {
        let base = try Quantity.readLong(history["baseFeePerGas"]?.arrayValue?.last, "the base fee")
        var tips: [UInt128] = []
        for block in history["reward"]?.arrayValue ?? [] {
            tips.append(try Quantity.readLong(block.arrayValue?.first, "a tip"))
        }
        return (min(base, .max / 4), tips.isEmpty ? 0 : tips.sorted()[tips.count / 2])
    }

    /// What each endpoint says whose answers can be read; one alone where one alone is believed.
    ///
    /// - Throws: What stood in the way when that are fewer than the quorum.
    private func several<Value>(
        _ calls: [Endpoint.Call], _ read: ([JSON]) throws(EndpointFault) -> Value
    ) async throws(EndpointFault) -> [Value] {
        guard quorum > 1 else { return [try read(try Self.all(try await ask(calls)))] }
        var values: [Value] = []
        var trouble = EndpointFault.unreachable
        for answer in await askAll(calls) {
            do throws(EndpointFault) { values.append(try read(try Self.all(try answer.get()))) } catch {
                trouble = error
            }
        }
        guard values.count >= quorum else { throw trouble }
        return values
    }

    private static func all(_ answers: [Result<JSON, EndpointFault>]) throws(EndpointFault) -> [JSON] {
        var all: [JSON] = []
        for answer in answers { all.append(try answer.get()) }
        return all
    }
}

extension Array where Element: Comparable {
    /// The one in the middle, the lower of two; `nil` when there is none.
    var median: Element? { isEmpty ? nil : sorted()[(count - 1) / 2] }
}

extension EndpointFault {
    fileprivate var isRefusal: Bool { if case .refused = self { true } else { false } }
}

extension Quantity {
    /// How many transactions an account has sent, of which there are never so many that one more is too many.
    fileprivate static func readCount(_ json: JSON) throws(EndpointFault) -> UInt64 {
        let count = try read(json, "a transaction count")
        guard count < 1 << 62 else { throw .malformed("a transaction count is out of range") }
        return count
    }
}
