// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// The rules of one way of paying, as a value.
///
/// A scheme never reads a clock, signs, stores, sends, logs or draws random numbers. It is told what happened
/// and answers what must be done.
public protocol ChannelScheme: Sendable {
    /// What happened: past tense.
    associatedtype Event: Sendable
    /// What to do: imperative. Every effect may be carried out twice.
    associatedtype Effect: Sendable
    associatedtype Refusal: ExplainedError

    /// Takes in an event, or throws and stays as it was.
    mutating func apply(_ event: Event) throws(Refusal) -> [Effect]
}

/// A scheme whose channels can be kept in a ``ChannelStore``.
///
/// What is not in ``stored`` is lost at a restart, on purpose: a reservation for a request in flight, say.
public protocol StoredChannelScheme: ChannelScheme, Equatable {
    /// The name under which a store files channels of this kind, such as `voucher`.
    static var schemeName: String { get }

    /// The stored form, version first.
    var stored: [UInt8] { get }
    init(stored: [UInt8]) throws(StoredFormError)

    /// Whether both have the same ``stored`` form, so that nothing need be written.
    func isStoredLike(_ other: Self) -> Bool

    static func stored(_ effect: Effect) -> [UInt8]
    static func effect(stored: [UInt8]) throws(StoredFormError) -> Effect
}

extension StoredChannelScheme {
    public func isStoredLike(_ other: Self) -> Bool { stored == other.stored }
}

/// Stored bytes that are not what this build can read.
public enum StoredFormError: ExplainedError {
    /// Written by a later version of Farthing.
    case newer(version: UInt8)
    /// Cut short, or not what the version says.
    case damaged

    public var code: String {
        switch self {
        case .newer: "store.newer-record"
        case .damaged: "store.damaged-record"
        }
    }
    public var message: String {
        switch self {
        case .newer(let version): "A record has version \(version), which this build of Farthing does not know."
        case .damaged: "A record cannot be read: its bytes are not what its version says."
        }
    }
    public var remedy: String? {
        switch self {
        case .newer: "Run the version of Farthing that wrote it, or a later one."
        case .damaged: "Run `farthing store verify`, and restore the store from a backup."
        }
    }
}
