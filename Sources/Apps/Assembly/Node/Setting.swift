// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings

/// The names of all settings: `payTo` in a file is `--pay-to` as a flag and `FARTHING_PAY_TO` in the environment.
public enum Setting: String, CaseIterable, Sendable {
    case listen
    case libp2p
    case libp2pKey
    case mdns
    case gun
    case gunKey
    case upstream
    case price
    case routes
    case network
    case asset
    case assetName
    case assetVersion
    case assetSymbol
    case assetDecimals
    case assetTransferMethod
    case payTo
    case schemes
    case store
    case ledger
    case facilitator
    case settlement
    case rpc
    case rpcQuorum
    case contracts
    case confirmations
    case highestGasPrice
    case chainPoll
    case observer
    case chainPatience
    case chainGiveUp
    case firstBlock
    case authorizerKey
    case withdrawDelay
    case minDeposit
    case enforceMinDeposit
    case timeout
    case requestsAhead
    case paymentsUnderWay
    case claimEvery
    case claimAfter
    case claimAtValue
    case claimAtChannels
    case coinPrice
    case claimFeeShare
    case maxUnclaimedPerChannel
    case maxUnclaimedInAll
    case publicUrl
    case requirePaymentIdentifier
    case upstreamTimeout
    case upstreamSilence
    case maxRequestBytes
    case streamPause
    case streamLongest
    case streamsOpen
    case payeeSecrets
    case accountPerMinute
    case accountPerDay
    case totalPerMinute
    case totalPerDay
    case accountGweiPerDay
    case totalGweiPerDay
    case metrics
    case logLevel
    case logFormat

    public static func flag(_ key: String) -> String { words(key).joined(separator: "-") }
    public static func variable(_ key: String) -> String {
        "FARTHING_" + words(key).joined(separator: "_").uppercased()
    }

    private static func words(_ key: String) -> [String] {
        key.reduce(into: [""]) { words, letter in
            if letter.isUppercase { words.append("") }
            words[words.count - 1] += letter.lowercased()
        }
    }

    /// The setting whose name is closest to a word that is none, if one is close at all.
    static func nearest(to word: String) -> String? {
        Spelling.nearest(to: word, among: allCases.map(\.rawValue))
    }
}
