// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingEncodings
internal import FarthingPrimitives
internal import FarthingStacks

// Reads what a node answered, whatever it is.

extension StacksClient.ChainInfo {
    /// Reads the answer of `/v2/info`.
    init(_ json: JSON) throws(StacksNodeFault) {
        guard let chainID = json["network_id"]?.integerValue.flatMap(UInt32.init(exactly:)),
            let burn = json["burn_block_height"]?.unsigned, let stacks = json["stacks_tip_height"]?.unsigned,
            let tenure = json["tenure_height"]?.unsigned
        else { throw .malformed("heights or chain are missing") }
        self.init(
            chainID: chainID, burnHeight: burn, stacksHeight: stacks, tenureHeight: tenure,
            isFullySynced: json["is_fully_synced"]?.boolValue ?? true)
    }
}

extension StacksClient.Account {
    /// Reads the answer of `/v2/accounts`.
    init(_ json: JSON) throws(StacksNodeFault) {
        guard let balance = json["balance"]?.wide, let locked = json["locked"]?.wide,
            let nonce = json["nonce"]?.unsigned
        else { throw .malformed("balance or nonce is missing") }
        // No account comes so far, and numbers are counted on from here.
        guard nonce <= 1 << 63 else { throw .malformed("the nonce is too high") }
        self.init(balance: balance, locked: locked, nonce: nonce)
    }
}

extension StacksClient.Mined {
    /// Reads the answer of `/v3/transaction`; a transaction of a block that was replaced is `nil`.
    static func ifCanonical(_ json: JSON) throws(StacksNodeFault) -> Self? {
        guard json["index_block_hash"]?.stringValue.flatMap(Hex.decode).flatMap(Hash32.init) != nil,
            let result = json["result"]?.stringValue
        else { throw .malformed("block or result is missing") }
        return json["is_canonical"]?.boolValue == false ? nil : Self(result: result)
    }
}

extension StacksClient.Fees {
    /// Reads the answer of `/v2/fees/transaction`.
    ///
    /// - Parameter length: The transaction's bytes: less than the relay's minimum of one micro-STX a byte is never taken
    ///   in.
    init(_ json: JSON, atLeast length: UInt64) throws(StacksNodeFault) {
        let fees = (json["estimations"]?.arrayValue ?? []).compactMap { $0["fee"]?.unsigned }
        guard fees.count == 3 else { throw .malformed("there are not three estimations") }
        self.init(low: max(fees[0], length), middle: max(fees[1], length), high: max(fees[2], length))
    }

    /// Reads the answer of `/v2/fees/transfer`, in micro-STX a byte.
    init(rate json: JSON, length: UInt64) throws(StacksNodeFault) {
        guard let rate = json.unsigned else { throw .malformed("the rate is no number") }
        let (fee, overflows) = length.multipliedReportingOverflow(by: max(rate, 1))
        guard !overflows else { throw .malformed("the rate is too high") }
        self.init(low: fee, middle: fee, high: fee)
    }
}

extension BroadcastRefusal {
    /// Reads the answer to a transaction that was not taken in.
    init(_ json: JSON) {
        let data = json["reason_data"]
        self.init(
            reason: String((json["reason"]?.stringValue ?? "Deserialization").prefix(100)),
            expected: data?["expected"]?.unsigned, actual: data?["actual"]?.unsigned,
            isOrigin: data?["is_origin"]?.boolValue)
    }
}

extension StacksClient {
    /// Reads what a read-only function answered.
    static func returned(_ json: JSON) throws(StacksNodeFault) -> ClarityValue {
        guard json["okay"]?.boolValue == true else {
            throw .noValue(cause: String((json["cause"]?.stringValue ?? "").prefix(500)))
        }
        return try value(json["result"])
    }

    /// Reads the answer of `/v2/map_entry`.
    static func mapEntry(_ json: JSON) throws(StacksNodeFault) -> ClarityValue? {
        switch try value(json["data"]) {
        case .some(let value): value
        case .none: nil
        default: throw .malformed("a map's entry is no optional")
        }
    }

    /// Reads the bytes of a value in hexadecimal.
    static func value(_ json: JSON?) throws(StacksNodeFault) -> ClarityValue {
        guard let bytes = json?.stringValue.flatMap(Hex.decode), let value = try? ClarityValue(decoding: bytes) else {
            throw .malformed("a value cannot be read")
        }
        return value
    }
}

extension JSON {
    fileprivate var unsigned: UInt64? {
        guard case .number(let number) = self else { return nil }
        return UInt64(number.text)
    }

    fileprivate var wide: UInt128? {
        guard let text = stringValue, text.hasPrefix("0x") else { return nil }
        return UInt128(text.dropFirst(2), radix: 16)
    }
}
