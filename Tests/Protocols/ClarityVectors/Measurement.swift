// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingPrimitives
import FarthingStacks

/// How many calls of a contract a second a chain does that has nothing else to do.
enum Measurement {
    /// A contract that does in one call what closing a channel takes: a signature, a map, a transfer.
    static let source = """
        (define-map spent {key: (buff 33)} {total: uint, count: uint})
        (define-public (fund (amount uint)) (stx-transfer? amount tx-sender (as-contract tx-sender)))
        (define-public (claim (total uint) (signature (buff 65)))
          (let (
            (recipient tx-sender)
            (digest (sha256 (unwrap-panic (to-consensus-buff? {domain: "measurement", total: total}))))
            (key (unwrap! (secp256k1-recover? digest signature) (err u10)))
            (before (default-to {total: u0, count: u0} (map-get? spent {key: key}))))
            (asserts! (> total u0) (err u11))
            (map-set spent {key: key} {total: (+ (get total before) total), count: (+ (get count before) u1)})
            (try! (as-contract (stx-transfer? u1 tx-sender recipient)))
            (print {event: "claimed", key: key, total: total})
            (ok (get count before))))
        """

    /// Does so many calls, and tells how many a second they were.
    static func text(calls: Int) throws -> String {
        let sender = try StandardPrincipal(address: "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM")
        guard let key = PrivateKey([UInt8](repeating: 0x11, count: 32)), let fund = ClarityName("fund"),
            let claim = ClarityName("claim"), let domain = ClarityName("domain"), let total = ClarityName("total")
        else { throw VectorFile.Fault(description: "the measurement is malformed") }
        let simnet = Simnet(network: .testnet)
        simnet.fund(.standard(sender), microSTX: 1_000_000_000)
        let contract = try simnet.deploy(name: "c", source: source, version: .clarity3, from: sender).contract
        _ = try simnet.call(contract, fund, arguments: [.uint(UInt128(calls) + 1)], from: sender)
        // Each call has a signature of its own; they are made before the clock runs.
        let signed: [[ClarityValue]] = try (1...max(calls, 1)).map { number in
            let sum = ClarityValue.uint(UInt128(number))
            let message = ClarityTuple([(domain, .ascii(Array("measurement".utf8))), (total, sum)])
            guard let message, let digest = Hash32(Digests.sha256(ClarityValue.tuple(message).encoded)) else {
                throw VectorFile.Fault(description: "the measurement is malformed")
            }
            let signature = key.sign(digest)
            return [sum, .buffer(signature.r.bytes + signature.s.bytes + [signature.isOdd ? 1 : 0])]
        }
        let clock = ContinuousClock()
        var cost = 0
        let time = try clock.measure {
            for arguments in signed {
                let receipt = try simnet.call(contract, claim, arguments: arguments, from: sender)
                guard receipt.isSuccess else { throw VectorFile.Fault(description: "\(receipt.status)") }
                cost = receipt.cost
            }
        }
        let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
        let rate = Int(Double(signed.count) / seconds)
        return "\(signed.count) calls in \(time): \(rate) calls a second, \(cost) units of cost each"
    }
}
