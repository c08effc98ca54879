// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingWallet
import Foundation

@testable import FarthingClientAPIs

/// Where somebody sells, and who somebody is: what people paste, and what comes with a backup.
extension Decoder {
    static let places = [gunLocation, peerLocation, gunContact, gunAgreement]

    private static let gunLocation = text("gun-location") { text in
        let location = try GunLocation(text)
        // Without the relay it is the URL in a wallet's books.
        let booked = try? GunLocation(location.url)
        try BrokenPromise.unless(booked?.payee, equals: location.payee, "payee")
        try BrokenPromise.unless(booked?.target, equals: location.target, "target")
        guard let relay = location.relay else { return true }
        let whole = GunLocation.address(of: location.payee, at: relay) + location.target
        try BrokenPromise.unless(try? GunLocation(whole), equals: location, "location")
        return true
    }

    private static let peerLocation = text("peer-location") { text in
        let location = try PeerLocation(text)
        let path = location.target.dropFirst().addingPercentEncoding(withAllowedCharacters: .alphanumerics)
        let whole = "\(location.address)/http-path/\(path ?? "")"
        try BrokenPromise.unless(try? PeerLocation(whole), equals: location, "location")
        return true
    }

    private static let gunContact = text("gun-contact") { text in
        let contact = try GunContact(text: text)
        try BrokenPromise.unless(try? GunContact(contact.json), equals: contact, "contact")
        return true
    }

    private static let gunAgreement = Decoder("gun-agreement") { bytes in
        guard let agreement = GunAgreement(message: bytes) else { return false }
        try BrokenPromise.unless(GunAgreement(message: agreement.json.bytes), equals: agreement, "agreement")
        return true
    }
}
