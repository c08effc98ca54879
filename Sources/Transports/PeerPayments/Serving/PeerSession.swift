// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

package import FarthingEncodings
import HTTPTypes
import Synchronization

/// The payee's side of one payment stream: reads requests, has them answered, and sends the answers as they come.
///
///     try await host.handle(PeerSession.protocolName) { stream in
///         await PeerSession(stream: stream, responder: responder).run()
///     }
///
/// What is malformed ends the stream, and no other. Requests under way are finished when the payer closes its side.
public struct PeerSession: Sendable {
    /// By which peers agree on what the stream carries.
    public static let protocolName = "/farthing/pay/1.0.0"

    private let stream: any PeerByteStream
    private let responder: any PeerResponder
    private let patience: PeerPatience
    private let outbox = FrameOutbox()
    private let underWay = RequestsUnderWay()
    private let uploads: Uploads
    /// For the bodies and payments of all requests, from their arrival to their answer.
    private let requestBytes: ByteBudget

    /// - Parameter patience: How long a payer is waited for that does not go on.
    public init(stream: any PeerByteStream, responder: any PeerResponder, patience: PeerPatience = PeerPatience()) {
        self.init(
            stream: stream, responder: responder, patience: patience,
            requestsInAll: ByteShares.ofAllRequests.share(of: stream.place),
            uploadsInAll: ByteShares.ofAllUploads.share(of: stream.place))
    }

    /// - Parameters:
    ///   - requestsInAll: For the bodies and payments of all streams of a place together.
    ///   - uploadsInAll: For those of the bodies that are still on their way.
    package init(
        stream: any PeerByteStream, responder: any PeerResponder, patience: PeerPatience = PeerPatience(),
        requestsInAll: ByteBudget, uploadsInAll: ByteBudget
    ) {
        self.stream = stream
        self.responder = responder
        self.patience = patience
        uploads = Uploads(uploadsInAll: uploadsInAll)
        requestBytes = ByteBudget(limit: PeerLimits.requestsOfStream, within: requestsInAll)
    }

    /// Serves until the payer closes, or until the task is cancelled.
    public func run() async {
        let writer = Task { try await outbox.drain(to: stream) }
        let watching = Task { await watch() }
        defer { watching.cancel() }
        let isWhole = await withTaskCancellationHandler {
            await serve()
        } onCancel: {
            underWay.cancelAll()
            writer.cancel()
            Task { await stream.reset() }
        }
        outbox.finish()
        let isSent = (try? await writer.value) != nil
        if isWhole, isSent, (try? await stream.closeWrite()) != nil { return }
        await stream.reset()
    }

    /// Lets nobody hold a place by doing nothing.
    private func watch() async {
        while (try? await Task.sleep(for: patience.pause)) != nil {
            let (overdue, isTorn) = uploads.takeOverdue(patience)
            for id in overdue { refuse(id, 408) }
            guard isTorn || outbox.isStuck(for: patience.writing) else { continue }
            underWay.cancelAll()
            return await stream.reset()
        }
    }

    /// - Returns: Whether the stream ended as it should.
    private func serve() async -> Bool {
        var desk = Reading()
        do {
            while let bytes = try await stream.read() {
                desk.decoder.append(bytes)
                while let frame = try desk.decoder.next() { try await take(frame, &desk) }
                uploads.note(isTorn: desk.decoder.isTorn)
                // Whoever reads no answers is asked for no more questions.
                await outbox.waitForRoom()
            }
            try desk.decoder.finish()
            await finish()
            return true
        } catch let fault as PeerFrameFault {
            outbox.put(.end(code: fault.code, message: fault.message))
            // What was asked for before is answered; what follows was not understood.
            await finish()
            return true
        } catch {
            underWay.cancelAll()
            await finish()
            return false
        }
    }

    /// What is known between two frames.
    private struct Reading {
        var decoder = FrameDecoder()
        var bases: [UInt32: PeerRequest] = [:]
        var baseBytes = 0
    }

    private func take(_ frame: PeerFrame, _ desk: inout Reading) async throws {
        switch frame {
        case .request(let id, let request, let isWhole):
            // Those wait for their payer alone: they must not hold up what ends by itself.
            guard isWhole || uploads.hasRoom else {
                return outbox.put(.answer(id: id, PeerAnswer(status: 503), isWhole: true))
            }
            try await begin(id)
            if isWhole { return serve(request, id) }
            guard let room = room(for: request) else { return refuse(id, 503) }
            switch uploads.begin(id, request, in: room) {
            case .tooLong: refuse(id, 413)
            case .crowded: refuse(id, 503)
            case .taken, .unknown: break
            }
        case .body(let id, let bytes, let state):
            switch uploads.add(bytes, to: id) {
            // What belongs to a request that was answered meanwhile is passed over.
            case .unknown: return
            case .tooLong: return refuse(id, 413)
            case .crowded: return refuse(id, 503)
            case .taken: break
            }
            guard state != .more, let (request, room) = uploads.end(id) else { return }
            if state == .last { serve(request, id, in: room) } else { underWay.end(id) }
        case .base(let slot, let request):
            desk.baseBytes += request.payment.count - (desk.bases[slot]?.payment.count ?? 0)
            guard desk.baseBytes <= PeerLimits.baseBytes, request.headBytes <= PeerLimits.baseHead else {
                throw PeerFrameFault.malformed("base")
            }
            desk.bases[slot] = request
        case .payments(let payments): try await take(payments, desk.bases)
        case .cancel(let id):
            if uploads.end(id) != nil { underWay.end(id) } else { underWay.cancel(id) }
        case .end:
            // The payer says why; what it is, it closes next.
            return
        case .answer, .paid: throw PeerFrameFault.outOfTurn
        }
    }

    /// Waits for what is under way; bodies that did not come whole never will.
    private func finish() async {
        underWay.end(uploads.endAll())
        await underWay.waitForAll()
    }

    /// - Parameter most: How many may be under way with this one; otherwise it waits.
    private func begin(_ id: UInt32, most: Int = PeerLimits.requestsUnderWay) async throws {
        while true {
            switch underWay.begin(id, most: most) {
            case .begun: return
            case .taken: throw PeerFrameFault.malformed("id")
            case .crowded: await underWay.waitForRoom(most: most)
            }
        }
    }

    /// Answers a request whose body did not come as it must, or for which there is no room.
    private func refuse(_ id: UInt32, _ status: Int) {
        outbox.put(.answer(id: id, PeerAnswer(status: status), isWhole: true))
        underWay.end(id)
    }

    // MARK: - Answers

    /// How many payments are handed on at once: those that must be looked at in full count as soon as they are.
    private static let together = 128

    /// Takes the payments of a frame.
    ///
    /// Whoever sent them together wants them answered together: they share what can be shared, up to the write.
    private func take(_ payments: [RepeatedPayment], _ bases: [UInt32: PeerRequest]) async throws {
        var ids: [UInt32] = []
        var requests: [PeerPayment] = []
        ids.reserveCapacity(payments.count)
        requests.reserveCapacity(payments.count)
        // What comes before a payment that makes no sense is answered all the same.
        defer { take(requests, ids) }
        for payment in payments {
            guard var request = bases[payment.slot],
                let text = payment.difference.applied(to: request.payment)
            else { throw PeerFrameFault.malformed("payment") }
            request.payment = text
            if requests.count == Self.together {
                take(requests, ids)
                (requests, ids) = ([], [])
            }
            let most = text.count <= PeerLimits.shortPayment ? PeerLimits.paymentsUnderWay : PeerLimits.requestsUnderWay
            switch underWay.begin(payment.id, most: most) {
            case .begun: break
            case .taken: throw PeerFrameFault.malformed("id")
            case .crowded:
                // Those that were gathered would wait for themselves.
                take(requests, ids)
                (requests, ids) = ([], [])
                try await begin(payment.id, most: most)
            }
            requests.append(PeerPayment(request, isBrief: payment.isBrief))
            ids.append(payment.id)
        }
    }

    private func take(_ payments: [PeerPayment], _ ids: [UInt32]) {
        guard !payments.isEmpty else { return }
        let tray = PaidTray(ids) { [outbox, underWay] answers in
            outbox.put(answers)
            underWay.end(answers.map(\.id))
        }
        for _ in payments { stream.hold() }
        responder.take(payments) { place, outcome in
            switch outcome {
            case .paid(let receipt, let contentType, let body):
                tray.put((payments[place].isBrief ? "" : receipt, contentType, body), at: place)
            case .declined:
                tray.put(nil, at: place)
                serve(payments[place].request, ids[place])
                stream.release(isWritten: false)
            }
        }
    }

    private func room(for request: PeerRequest) -> BodyRoom? {
        let room = BodyRoom(in: requestBytes)
        return room.grow(by: request.body.count + request.payment.count) ? room : nil
    }

    private func serve(_ request: PeerRequest, _ id: UInt32) {
        guard let room = room(for: request) else { return refuse(id, 503) }
        serve(request, id, in: room)
    }

    private func serve(_ request: PeerRequest, _ id: UInt32, in room: BodyRoom) {
        let isPaying = !request.payment.isEmpty
        if isPaying { stream.hold() }
        underWay.run(id) {
            defer { withExtendedLifetime(room) {} }
            let response = await responder.respond(to: request)
            // What was paid for is in hand until it is written.
            let holds = isPaying && response.isPaid ? 1 : 0
            do {
                try await send(response, id, holds: holds)
            } catch {
                outbox.put(.body(id: id, [], .brokenOff), holds: holds)
            }
            if isPaying, holds == 0 { stream.release(isWritten: false) }
        }
    }

    private func send(_ response: PeerResponse, _ id: UInt32, holds: Int) async throws {
        switch response.body {
        case .whole(let bytes) where bytes.count <= PeerLimits.bodyPart:
            let answer = PeerAnswer(status: response.status, headers: response.headers, body: bytes)
            outbox.put(.answer(id: id, answer, isWhole: true), holds: holds)
        case .whole(let bytes):
            try await sendHead(of: response, id)
            try await sendPart(bytes, id)
            outbox.put(.body(id: id, [], .last), holds: holds)
        case .streamed(let produce):
            try await sendHead(of: response, id)
            try await produce { part in
                try Task.checkCancellation()
                try await sendPart(part, id)
            }
            outbox.put(.body(id: id, [], .last), holds: holds)
        }
    }

    private func sendHead(of response: PeerResponse, _ id: UInt32) async throws {
        try await outbox.putInTurn(
            .answer(id: id, PeerAnswer(status: response.status, headers: response.headers), isWhole: false))
    }

    private func sendPart(_ bytes: [UInt8], _ id: UInt32) async throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            try await outbox.putInTurn(.body(id: id, Array(rest.prefix(PeerLimits.bodyPart)), .more))
            rest = rest.dropFirst(PeerLimits.bodyPart)
        }
    }
}
