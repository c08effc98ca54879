// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

@testable import FarthingGun

/// What strangers write at doors, and who is let in writes into a stream.
extension Decoder {
    static let gunStreams = [doorCall, doorAnswer, streamSegment, streamStatus, streamWalk]

    private static let owner = try? GunKeyPair(
        priv: "9EuQG80MQFlEMIAlAK5QqG2RhyAZiutauTR2HuBTCUM", epriv: "s7EE4XdnmI2jADHUfU4PlYa07CSnb1GhYWt6A7D5wx4")

    private static let doorCall = text("gun-door-call") { text in
        guard let owner, let call = DoorCall(.text(text)) else { return false }
        // Whoever calls may write what cannot be opened.
        _ = call.seal(of: owner, at: "0", DoorPlaces(name: "door", owner: owner.pub))
        // An escape may be longer than what it stands for.
        guard case .text(let written) = call.value, written.utf8.count <= DoorPlaces.longestCall else { return true }
        let again = DoorCall(call.value)
        try BrokenPromise.unless(again?.pub, equals: call.pub, "pub")
        try BrokenPromise.unless(again?.epub, equals: call.epub, "epub")
        try BrokenPromise.unless(again?.sealed, equals: call.sealed, "sealed")
        return true
    }

    private static let doorAnswer = Decoder("gun-door-answer") { bytes in
        guard let answer = DoorAnswer(bytes) else { return false }
        try BrokenPromise.unless((0..<GunDoor.mostStreams).contains(answer.number), "a stream that cannot be")
        guard answer.message.count <= DoorAnswer.longest else { return true }
        let again = DoorAnswer(answer.message)
        try BrokenPromise.unless(again?.number, equals: answer.number, "number")
        try BrokenPromise.unless(again?.epub, equals: answer.epub, "epub")
        return true
    }

    private static let streamSegment = Decoder("gun-stream-segment") { bytes in
        guard let segment = StreamSegment(bytes) else { return false }
        try BrokenPromise.unless(segment.message, equals: bytes, "a second spelling")
        return true
    }

    private static let streamStatus = Decoder("gun-stream-status") { bytes in
        guard let status = StreamStatus(bytes) else { return false }
        try BrokenPromise.unless(status.message, equals: bytes, "a second spelling")
        return true
    }

    /// Segments and statuses as the other side may write them, each a byte for its kind and place, one for its length,
    /// and so many bytes; whoever reads has written three bytes, and ended.
    private static let streamWalk = Decoder("gun-stream") { bytes in
        var core = StreamCore()
        core.write([1, 2, 3])
        core.closeWrite()
        while core.cut() != nil {}
        var (index, read, isTaken) = (0, 0, false)
        while index + 1 < bytes.count {
            let (head, length) = (bytes[index], Int(bytes[index + 1]))
            let message = Array(bytes[min(index + 2, bytes.count)..<min(index + 2 + length, bytes.count)])
            index += 2 + length
            if head & 1 == 0, let segment = StreamSegment(message) {
                isTaken = core.take(segment, at: UInt64(head >> 1) % StreamCore.window) || isTaken
            } else if head & 1 == 1, let status = StreamStatus(message) {
                isTaken = core.take(status) || isTaken
            }
            let before = core.taken
            read += core.read()?.count ?? 0
            try BrokenPromise.unless(core.taken - before <= StreamCore.window, "more segments than may stand")
            try BrokenPromise.unless(core.standing.count <= 1, "more than was written stands")
        }
        try BrokenPromise.unless(read <= bytes.count, "more bytes than came")
        return isTaken
    }
}
