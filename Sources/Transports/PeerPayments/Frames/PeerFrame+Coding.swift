// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import HTTPTypes

extension PeerFrame {
    private enum Kind: UInt8 {
        case request = 1
        case base = 2
        case payments = 3
        case body = 4
        case cancel = 5
        case answer = 6
        case paid = 7
        case end = 8
    }

    // MARK: - Writing

    /// The frame behind its length, as it travels.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return bytes
    }

    /// Writes the frame behind its length, as it travels.
    func append(to bytes: inout [UInt8]) {
        let content = content
        FieldWriter.write(number: UInt32(clamping: content.count), to: &bytes)
        bytes += content
    }

    private var content: [UInt8] {
        var fields = FieldWriter()
        switch self {
        case .request(let id, let request, let isWhole):
            fields.write(byte: Kind.request.rawValue)
            fields.write(number: id)
            fields.write(byte: isWhole ? 1 : 0)
            Self.write(request, to: &fields)
            fields.write(request.payment)
            fields.write(rest: request.body)
        case .base(let slot, let request):
            fields.write(byte: Kind.base.rawValue)
            fields.write(number: slot)
            Self.write(request, to: &fields)
            fields.write(rest: request.payment)
        case .payments(let payments):
            fields.reserve(payments.reduce(1) { $0 + $1.estimatedLength })
            fields.write(byte: Kind.payments.rawValue)
            for payment in payments { Self.write(payment, to: &fields) }
        case .body(let id, let bytes, let state):
            fields.write(byte: Kind.body.rawValue)
            fields.write(number: id)
            fields.write(byte: state.rawValue)
            fields.write(rest: bytes)
        case .cancel(let id):
            fields.write(byte: Kind.cancel.rawValue)
            fields.write(number: id)
        case .answer(let id, let answer, let isWhole):
            fields.write(byte: Kind.answer.rawValue)
            fields.write(number: id)
            fields.write(byte: isWhole ? 1 : 0)
            fields.write(number: UInt32(clamping: answer.status))
            Self.write(answer.headers, to: &fields)
            fields.write(rest: answer.body)
        case .paid(let answers):
            fields.reserve(answers.reduce(1) { $0 + $1.estimatedLength })
            fields.write(byte: Kind.paid.rawValue)
            for answer in answers { Self.write(answer, to: &fields) }
        case .end(let code, let message):
            fields.write(byte: Kind.end.rawValue)
            fields.write(code)
            fields.write(message)
        }
        return fields.bytes
    }

    private static func write(_ request: PeerRequest, to fields: inout FieldWriter) {
        fields.write(request.method)
        fields.write(request.target)
        write(request.headers, to: &fields)
    }

    private static func write(_ headers: HTTPFields, to fields: inout FieldWriter) {
        fields.write(number: UInt32(clamping: headers.count))
        for header in headers {
            fields.write(header.name.canonicalName)
            fields.write(header.value)
        }
    }

    private static func write(_ payment: RepeatedPayment, to fields: inout FieldWriter) {
        fields.write(number: payment.id)
        fields.write(number: payment.slot)
        fields.write(byte: payment.isBrief ? 1 : 0)
        fields.write(number: UInt32(clamping: payment.difference.prefix))
        fields.write(number: UInt32(clamping: payment.difference.suffix))
        fields.write(payment.difference.middle)
    }

    private static func write(_ answer: PaidAnswer, to fields: inout FieldWriter) {
        fields.write(number: answer.id)
        fields.write(answer.receipt)
        fields.write(answer.contentType)
        fields.write(answer.body)
    }

    // MARK: - Reading

    /// Reads one frame without its length.
    ///
    /// - Throws: ``PeerFrameFault/malformed(_:)`` or ``PeerFrameFault/unknownType(_:)``.
    public init(content: [UInt8]) throws(PeerFrameFault) {
        var fields = FieldReader(content)
        let type = try fields.byte("type")
        guard let kind = Kind(rawValue: type) else { throw .unknownType(type) }
        switch kind {
        case .request:
            let id = try fields.number("id")
            let isWhole = try Self.flag("state", &fields)
            var request = try Self.request(&fields)
            request.payment = try fields.bytes("payment")
            request.body = fields.rest()
            self = .request(id: id, request, isWhole: isWhole)
        case .base:
            let slot = try fields.number("slot")
            guard slot < PeerLimits.slots else { throw .malformed("slot") }
            var request = try Self.request(&fields)
            request.payment = fields.rest()
            self = .base(slot: slot, request)
        case .payments:
            var payments: [RepeatedPayment] = []
            while !fields.isAtEnd {
                guard payments.count < PeerLimits.paymentsAFrame else { throw .malformed("number of payments") }
                payments.append(try Self.payment(&fields))
            }
            self = .payments(payments)
        case .body:
            let id = try fields.number("id")
            guard let state = BodyState(rawValue: try fields.byte("state")) else { throw .malformed("state") }
            self = .body(id: id, fields.rest(), state)
        case .cancel:
            self = .cancel(id: try fields.number("id"))
            try fields.finish("end")
        case .answer:
            let id = try fields.number("id")
            let isWhole = try Self.flag("state", &fields)
            let status = Int(try fields.number("status"))
            guard (100...599).contains(status) else { throw .malformed("status") }
            let headers = try Self.headers(&fields)
            self = .answer(id: id, PeerAnswer(status: status, headers: headers, body: fields.rest()), isWhole: isWhole)
        case .paid:
            var answers: [PaidAnswer] = []
            while !fields.isAtEnd {
                guard answers.count < PeerLimits.paymentsAFrame else { throw .malformed("number of answers") }
                answers.append(
                    PaidAnswer(
                        id: try fields.number("id"), receipt: try fields.text("receipt"),
                        contentType: try fields.text("content type"), body: try fields.bytes("body")))
            }
            self = .paid(answers)
        case .end:
            self = .end(code: try fields.text("code", atMost: 128), message: try fields.text("message", atMost: 1024))
            try fields.finish("end")
        }
    }

    private static func flag(_ what: StaticString, _ fields: inout FieldReader) throws(PeerFrameFault) -> Bool {
        let byte = try fields.byte(what)
        guard byte <= 1 else { throw .malformed("\(what)") }
        return byte == 1
    }

    private static func request(_ fields: inout FieldReader) throws(PeerFrameFault) -> PeerRequest {
        let method = try fields.text("method", atMost: PeerLimits.methodBytes)
        // A server that does not tell cases apart would serve `get` at the price of another route than GET's.
        guard HTTPRequest.Method(method) != nil,
            !method.utf8.contains(where: { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) })
        else { throw .malformed("method") }
        let target = try fields.text("target", atMost: PeerLimits.targetBytes)
        guard target.utf8.first == UInt8(ascii: "/"), target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .malformed("target")
        }
        return PeerRequest(method: method, target: target, headers: try headers(&fields))
    }

    private static func headers(_ fields: inout FieldReader) throws(PeerFrameFault) -> HTTPFields {
        let count = Int(try fields.number("headers"))
        guard count <= PeerLimits.headers else { throw .malformed("number of headers") }
        var headers = HTTPFields()
        for _ in 0..<count {
            guard let name = HTTPField.Name(try fields.text("header's name", atMost: 256)) else {
                throw .malformed("header's name")
            }
            let value = try fields.text("header's value")
            guard HTTPField.isValidValue(value) else { throw .malformed("header's value") }
            headers.append(HTTPField(name: name, value: value))
        }
        return headers
    }

    private static func payment(_ fields: inout FieldReader) throws(PeerFrameFault) -> RepeatedPayment {
        let id = try fields.number("id")
        let slot = try fields.number("slot")
        let isBrief = try flag("brevity", &fields)
        let prefix = Int(try fields.number("prefix"))
        let suffix = Int(try fields.number("suffix"))
        return RepeatedPayment(
            id: id, slot: slot, isBrief: isBrief,
            difference: TextDifference(prefix: prefix, suffix: suffix, middle: try fields.bytes("difference")))
    }
}
