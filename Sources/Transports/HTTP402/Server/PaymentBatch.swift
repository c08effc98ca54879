// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingEncodings
public import HTTPTypes

/// Many paid requests in one, for relays that pay for others: each is answered as if it had come by itself.
///
///     POST /.well-known/farthing/batch
///     {"requests": [{"method": "GET", "path": "/weather", "payment": "<PAYMENT-SIGNATURE>"}, …]}
///
/// `Specs/batch.md` has the rules.
public struct PaymentBatch: Hashable, Sendable {
    /// Where batches are taken.
    public static let path = "/.well-known/farthing/batch"
    /// The most requests that one batch may hold.
    public static let maximumRequests = 256
    /// The longest body of a batch.
    ///
    /// - Unit: bytes.
    public static let maximumBytes = 1024 * 1024
    /// The longest body that is sent back for one request.
    ///
    /// - Unit: bytes.
    public static let maximumAnswer = 256 * 1024

    /// One request of a batch; none has a body.
    public struct Item: Hashable, Sendable {
        public let method: String
        /// Path and query.
        public let target: String
        /// The value of `PAYMENT-SIGNATURE`; `nil` asks what it costs.
        public let payment: String?

        /// The request as it would have come by itself.
        public var request: HTTPRequest? {
            guard let method = HTTPRequest.Method(method) else { return nil }
            var request = HTTPRequest(method: method, scheme: nil, authority: nil, path: target)
            if let payment { request.headerFields[.paymentSignature] = payment }
            return request
        }
    }

    public let items: [Item]

    /// - Throws: ``BatchFault``.
    public init(_ bytes: [UInt8]) throws(BatchFault) {
        guard bytes.count <= Self.maximumBytes else { throw .tooLong }
        let json: JSON
        do { json = try JSON.parse(bytes) } catch { throw .malformed(error.message) }
        guard let requests = json["requests"]?.arrayValue else { throw .malformed("'requests' is no array.") }
        guard (1...Self.maximumRequests).contains(requests.count) else { throw .count(requests.count) }
        var items: [Item] = []
        items.reserveCapacity(requests.count)
        for (index, request) in requests.enumerated() {
            guard let method = request["method"]?.stringValue, HTTPRequest.Method(method) != nil,
                let target = request["path"]?.stringValue, target.hasPrefix("/"),
                target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), target.utf8.count <= 8192
            else { throw .malformed("'method' or 'path' of request \(index) is missing or malformed.") }
            // A server that does not tell cases apart would serve `get` at the price of another route than GET's.
            guard !method.utf8.contains(where: { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }) else {
                throw .malformed("'method' of request \(index) is not in capitals.")
            }
            let payment = request["payment"]
            guard payment == nil || payment?.stringValue.map(Self.isHeaderValue) == true else {
                throw .malformed("'payment' of request \(index) is no header's value.")
            }
            items.append(Item(method: method, target: target, payment: payment?.stringValue))
        }
        self.items = items
    }

    /// Whether a text may stand in a header; what has no blanks and is ASCII, as base64 is, is told in one sweep.
    private static func isHeaderValue(_ text: String) -> Bool {
        let isPlain = text.utf8.withContiguousStorageIfAvailable { bytes in
            // Without a way out of the loop, many bytes are looked at together.
            bytes.reduce(true) { plain, byte in (0x21...0x7E ~= byte) && plain }
        }
        return isPlain == true || HTTPField.isValidValue(text)
    }

    /// The answers of a batch, in the order of its requests.
    public static func json(_ answers: [GateAnswer]) -> JSON { ["answers": .array(answers.map(\.batchEntry))] }
}

extension GateAnswer {
    /// The answer to one request of a batch; a body that is no UTF-8 travels as base64.
    fileprivate var batchEntry: JSON {
        let text = String(validating: body, as: UTF8.self)
        return .object([
            "status": .integer(status.code),
            "receipt": headers[.paymentResponse].map { .string($0) },
            "required": headers[.paymentRequired].map { .string($0) },
            "retryAfter": headers[.retryAfter].map { .string($0) },
            "contentType": headers[.contentType].map { .string($0) },
            "body": text.map { .string($0) },
            "bodyBase64": text == nil ? .string(Base64.encode(body)) : nil,
        ])
    }
}

/// Why a batch was not even looked into; nothing of it was charged.
public enum BatchFault: ExplainedError, Hashable {
    case malformed(String)
    case tooLong
    case count(Int)

    public var code: String {
        switch self {
        case .malformed: "batch.malformed"
        case .tooLong: "batch.too-long"
        case .count: "batch.count"
        }
    }

    public var message: String {
        switch self {
        case .malformed(let why): "The batch cannot be read: \(why)"
        case .tooLong: "The batch has more than \(PaymentBatch.maximumBytes) bytes."
        case .count(let count):
            "The batch has \(count) requests; 1 to \(PaymentBatch.maximumRequests) are taken."
        }
    }

    public var remedy: String? {
        switch self {
        case .malformed: #"Send {"requests":[{"method":"GET","path":"/…","payment":"…"}]}."#
        case .tooLong, .count: "Send several smaller ones."
        }
    }

    var status: HTTPResponse.Status { self == .tooLong ? .contentTooLarge : .badRequest }
}
