// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingPrimitives
internal import Foundation
internal import GRDB

// How values lie in the columns of the ledger's tables, and how they are read back: a column that does not hold
// what it must is a ``LedgerFault``, never a trap.

extension Address {
    var column: Data { Data(bytes) }
}

extension Hash32 {
    var column: Data { Data(bytes) }
}

extension [UInt8] {
    var column: Data { Data(self) }
}

extension ChannelID {
    var column: Data { hash.column }
}

extension TransactionID {
    var column: Data { hash.column }
}

extension Amount {
    /// Sixteen bytes, big-endian, so that SQLite sorts them as numbers.
    var column: Data { withUnsafeBytes(of: units.bigEndian) { Data($0) } }
}

extension UInt64 {
    /// Heights and counters: they never come near the end of SQLite's 63 bits.
    var column: Int64 { Int64(clamping: self) }
}

extension ChannelTerms {
    var column: Data {
        var writer = ByteWriter(version: 1, capacity: 160)
        for address in [payer, payerAuthorizer, receiver, receiverAuthorizer, token] { writer.write(address) }
        writer.write(withdrawDelay)
        writer.write(salt)
        return Data(writer.bytes)
    }

    fileprivate init(column: Data) throws(StoredFormError) {
        var reader = try ByteReader(Array(column), newest: 1)
        self.init(
            payer: try reader.address(), payerAuthorizer: try reader.address(), receiver: try reader.address(),
            receiverAuthorizer: try reader.address(), token: try reader.address(), withdrawDelay: try reader.uint64(),
            salt: try reader.hash())
        try reader.finish()
    }
}

extension Row {
    func amount(_ name: String) throws -> Amount { try present(name, optionalAmount(name)) }
    func address(_ name: String) throws -> Address { try present(name, data(name).flatMap { Address($0) }) }
    func hash(_ name: String) throws -> Hash32 { try present(name, data(name).flatMap { Hash32($0) }) }
    func channelID(_ name: String) throws -> ChannelID { ChannelID(try hash(name)) }
    func transactionID(_ name: String) throws -> TransactionID { TransactionID(try hash(name)) }
    func instant(_ name: String) throws -> Instant { Instant(unixSeconds: try integer(name)) }
    func count(_ name: String) throws -> UInt64 { try present(name, UInt64(exactly: integer(name))) }
    func integer(_ name: String) throws -> Int64 { try present(name, optionalInteger(name)) }
    func terms(_ name: String) throws -> ChannelTerms {
        try present(name, data(name).flatMap { try? ChannelTerms(column: $0) })
    }

    func bytes(_ name: String) throws -> [UInt8] { Array(try present(name, data(name))) }

    func text(_ name: String) throws -> String {
        guard case .string(let text)? = storage(name) else { throw unreadable(name) }
        return text
    }

    func optionalAmount(_ name: String) throws -> Amount? {
        guard let bytes = data(name) else { return nil }
        guard bytes.count == 16 else { throw unreadable(name) }
        return Amount(units: bytes.reduce(0) { $0 << 8 | UInt128($1) })
    }

    func optionalInteger(_ name: String) -> Int64? {
        guard case .int64(let number)? = storage(name) else { return nil }
        return number
    }

    private func data(_ name: String) -> Data? {
        guard case .blob(let data)? = storage(name) else { return nil }
        return data
    }

    private func storage(_ name: String) -> DatabaseValue.Storage? {
        (self[name] as (any DatabaseValueConvertible)?)?.databaseValue.storage
    }

    private func present<Value>(_ name: String, _ value: Value?) throws -> Value {
        guard let value else { throw unreadable(name) }
        return value
    }

    private func unreadable(_ name: String) -> LedgerFault {
        LedgerFault(reason: "the column \(name) does not hold what it must")
    }
}
