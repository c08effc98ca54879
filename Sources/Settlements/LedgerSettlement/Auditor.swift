// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingContracts
internal import FarthingPrimitives

/// Counts all money, from the tables and from the log, and writes down what does not add up.
struct Auditor {
    let book: Book
    private var faults: [String] = []

    init(book: Book) { self.book = book }

    mutating func audit() throws -> LedgerAudit {
        checkFile()
        let (replayed, events) = replay()
        var totals: [LedgerAudit.TokenTotals] = []
        do {
            let tables = try Positions(tablesOf: book)
            totals = count(tables)
            checkChannels(tables)
            checkContracts(tables)
            compare(tables, with: replayed)
        } catch let fault as LedgerFault {
            faults.append("The tables cannot be read: \(fault.reason).")
        }
        return LedgerAudit(block: book.head, events: events, totals: totals, faults: faults)
    }

    // MARK: - The file

    /// Lets SQLite look for damaged pages and broken constraints.
    private mutating func checkFile() {
        do {
            for row in try book.rows("PRAGMA integrity_check(10)") {
                let line = try row.text("integrity_check")
                expect(line == "ok", "SQLite: \(line).")
            }
            for row in try book.rows("PRAGMA foreign_key_check") {
                faults.append("SQLite: a row of \(try row.text("table")) refers to nothing.")
            }
        } catch {
            faults.append("SQLite cannot check the file: \(error).")
        }
    }

    // MARK: - The log

    private mutating func replay() -> (Positions, events: UInt64) {
        var positions = Positions()
        var last: UInt64 = 0
        do {
            while true {
                let page = try book.events(after: last, limit: 1000)
                if page.isEmpty { break }
                for event in page {
                    expect(event.sequence == last + 1, "Event \(last + 1) is missing.")
                    last = event.sequence
                    do {
                        try positions.apply(event, contract: book.domain.contract)
                    } catch {
                        faults.append("Event \(event.sequence) (\(event.name)) \(error.reason).")
                    }
                }
            }
        } catch {
            faults.append("The log cannot be read behind event \(last): \(error).")
        }
        return (positions, last)
    }

    // MARK: - The tables

    private mutating func count(_ tables: Positions) -> [LedgerAudit.TokenTotals] {
        var (held, unclaimed, unsettled, contracts) = (Tally(), Tally(), Tally(), Tally())
        for (account, balance) in tables.accounts where account.owner != book.domain.contract {
            if book.isContract(account.owner) {
                contracts.add(balance, to: account.token)
            } else {
                held.add(balance, to: account.token)
            }
        }
        for channel in tables.channels.values { unclaimed.add(channel.available, to: channel.terms.token) }
        for (receiver, totals) in tables.receivers { unsettled.add(totals.due, to: receiver.token) }

        return tables.minted.keys.sorted().map { token in
            let minted = tables.minted[token] ?? .zero
            let locked = tables.accounts[.init(owner: book.domain.contract, token: token)] ?? .zero
            let (held, unclaimed, unsettled) = (held[token], unclaimed[token], unsettled[token])
            let others = contracts[token]
            expect(
                held.flatMap(locked.adding).flatMap { sum in others.flatMap(sum.adding) } == minted,
                "Of \(token), \(minted) was minted; the accounts hold \(held.counted), the contract of vouchers "
                    + "\(locked), the others \(others.counted).")
            expect(
                unclaimed.flatMap { claims in unsettled.flatMap(claims.adding) } == locked,
                "Of \(token), the contract holds \(locked); \(unclaimed.counted) is unclaimed, "
                    + "\(unsettled.counted) unpaid.")
            return LedgerAudit.TokenTotals(
                token: token, minted: minted, held: held ?? .max, locked: locked, unclaimed: unclaimed ?? .max,
                unsettled: unsettled ?? .max, inContracts: others ?? .max)
        }
    }

    private mutating func checkChannels(_ tables: Positions) {
        var claimed: [Positions.Holding: Tally] = [:]
        for (id, channel) in tables.channels {
            let terms = channel.terms
            expect(book.domain.channelID(of: terms) == id, "The channel \(id) has terms that are not its own.")
            expect(
                channel.totalClaimed <= channel.balance,
                "Of the channel \(id), \(channel.totalClaimed) is claimed, and its balance is \(channel.balance).")
            let receiver = Positions.Holding(owner: terms.receiver, token: terms.token)
            claimed[receiver, default: Tally()].add(channel.totalClaimed, to: terms.token)
        }
        for receiver in Set(claimed.keys).union(tables.receivers.keys) {
            let booked = (tables.receivers[receiver] ?? Book.ReceiverTotals()).claimed
            let sum = (claimed[receiver] ?? Tally())[receiver.token]
            expect(
                sum == booked,
                "For \(receiver.owner), \(booked) of \(receiver.token) is booked; its channels say \(sum.counted).")
        }
    }

    /// Whether each contract holds what its channels say, and each channel's own state says the same.
    private mutating func checkContracts(_ tables: Positions) {
        for (id, channel) in tables.contracts {
            guard let kind = ContractKind(rawValue: channel.kind) else { continue }
            do { try book.checkContract(id, of: kind) } catch let fault as LedgerFault {
                faults.append("Of a contract: \(fault.reason).")
            } catch {
                faults.append("The channel \(id) cannot be read: \(error).")
            }
        }
        for kind in ContractKind.allCases {
            let account = ContractDomain.ledgerAddress(of: kind)
            var locked = Tally()
            for channel in tables.contracts.values where channel.kind == kind.rawValue {
                locked.add(channel.locked, to: channel.token)
            }
            for token in tables.minted.keys.sorted() {
                let balance = tables.accounts[.init(owner: account, token: token)] ?? .zero
                expect(
                    locked[token] == balance,
                    "The contract for \(kind.rawValue) holds \(balance) of \(token); its channels say "
                        + "\(locked[token].counted).")
            }
        }
    }

    // MARK: - Both

    private mutating func compare(_ tables: Positions, with log: Positions) {
        compare("supply of", tables.minted, log.minted, empty: .zero)
        compare("account", tables.accounts, log.accounts, empty: .zero)
        compare("receiver", tables.receivers, log.receivers, empty: Book.ReceiverTotals())
        compare("channel", tables.channels, log.channels, empty: nil)
        compare("deposit", tables.deposits, log.deposits, empty: nil)
        compare("transfer", tables.transfers, log.transfers, empty: nil)
        compare("channel", tables.contracts, log.contracts, empty: nil)
        compare("deposit", tables.fundings, log.fundings, empty: nil)
        for (id, channel) in tables.channels {
            expect(log.open.contains(id) != channel.isEmpty, "The channel \(id) is not told to be open or closed.")
        }
        for (id, count) in log.refunds {
            let nonce = tables.refunds[id] ?? 0
            expect(nonce >= count, "The channel \(id) has refund nonce \(nonce) after \(count) refunds.")
        }
        expect(
            log.height <= tables.height && log.time <= tables.time,
            "The log goes on to block \(log.height), and the newest is \(tables.height).")
    }

    /// - Parameter empty: What a missing entry stands for; `nil` when an entry must be on both sides.
    private mutating func compare<Key: Hashable, Value: Equatable>(
        _ what: String, _ tables: [Key: Value], _ log: [Key: Value], empty: Value?
    ) {
        for key in Set(tables.keys).union(log.keys) {
            let (stored, replayed) = (tables[key] ?? empty, log[key] ?? empty)
            expect(stored == replayed, "The \(what) \(key) is not what the log makes of it.")
        }
    }

    // MARK: - Words

    private mutating func expect(_ holds: Bool, _ fault: @autoclosure () -> String) {
        if !holds { faults.append(fault()) }
    }
}

/// Sums by token that remember when they ran over.
private struct Tally {
    private var sums: [Address: Amount?] = [:]

    /// `nil` when the sum is more than an amount can hold.
    subscript(_ token: Address) -> Amount? { sums[token] ?? .zero }

    mutating func add(_ amount: Amount, to token: Address) {
        sums[token] = .some(self[token].flatMap(amount.adding))
    }
}

extension Amount? {
    fileprivate var counted: String { self?.description ?? "more than can be counted" }
}

extension Positions.Holding: CustomStringConvertible {
    var description: String { "\(owner) in \(token)" }
}
