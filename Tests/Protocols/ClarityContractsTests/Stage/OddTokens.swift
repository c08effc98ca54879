// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Tokens that are not as one would wish, for channels to be held against.
enum OddTokens {
    /// What all of them have; `TRANSFER` is where they differ.
    private static func token(_ transfer: String) -> String {
        """
        (define-fungible-token odd)
        (define-data-var target (buff 32) 0x0000000000000000000000000000000000000000000000000000000000000000)
        (define-data-var is-armed bool false)
        (define-data-var barred principal current-contract)
        (define-public (arm (channel-id (buff 32)) (who principal))
          (begin (var-set target channel-id) (var-set barred who) (ok (var-set is-armed true))))
        (define-public (mint (amount uint) (recipient principal)) (ft-mint? odd amount recipient))
        (define-public (transfer (amount uint) (sender principal) (recipient principal) (memo (optional (buff 34))))
          \(transfer))
        (define-read-only (get-name) (ok "Odd"))
        (define-read-only (get-symbol) (ok "ODD"))
        (define-read-only (get-decimals) (ok u0))
        (define-read-only (get-balance (owner principal)) (ok (ft-get-balance odd owner)))
        (define-read-only (get-total-supply) (ok (ft-get-supply odd)))
        (define-read-only (get-token-uri) (ok none))
        """
    }

    /// Keeps a tenth of what it moves.
    static let withFee = token(
        """
        (begin
          (unwrap! (ft-transfer? odd (- amount (/ amount u10)) sender recipient) (err u1))
          (if (>= amount u10) (ft-burn? odd (/ amount u10) sender) (ok true)))
        """)

    /// Says that it has moved something, and has not.
    static let lying = token("(ok true)")

    /// Moves nothing, and says that so much is there as it was told to move last, until it is told to forget it.
    static let boasting = """
        (define-data-var held uint u0)
        (define-public (forget) (ok (var-set held u0)))
        (define-public (mint (amount uint) (recipient principal)) (ok true))
        (define-public (transfer (amount uint) (sender principal) (recipient principal) (memo (optional (buff 34))))
          (ok (var-set held amount)))
        (define-read-only (get-name) (ok "Boast"))
        (define-read-only (get-symbol) (ok "BOAST"))
        (define-read-only (get-decimals) (ok u0))
        (define-read-only (get-balance (owner principal)) (ok (var-get held)))
        (define-read-only (get-total-supply) (ok u0))
        (define-read-only (get-token-uri) (ok none))
        """

    /// Once armed it pays one account no more, with an error.
    static let refusing = token(
        """
        (begin
          (asserts! (not (and (var-get is-armed) (is-eq recipient (var-get barred)))) (err u77))
          (ft-transfer? odd amount sender recipient))
        """)

    /// Once armed it ends the whole transaction when it is to pay one account.
    static let stopping = token(
        """
        (begin
          (if (and (var-get is-armed) (is-eq recipient (var-get barred))) (unwrap-panic (if true none (some u1))) u0)
          (ft-transfer? odd amount sender recipient))
        """)

    /// Moves STX under the name of a token.
    static let wrapper = """
        (define-public (mint (amount uint) (recipient principal)) (ok true))
        (define-public (transfer (amount uint) (sender principal) (recipient principal) (memo (optional (buff 34))))
          (stx-transfer? amount sender recipient))
        (define-read-only (get-name) (ok "Wrapped STX"))
        (define-read-only (get-symbol) (ok "wSTX"))
        (define-read-only (get-decimals) (ok u6))
        (define-read-only (get-balance (owner principal)) (ok (stx-get-balance owner)))
        (define-read-only (get-total-supply) (ok stx-liquid-supply))
        (define-read-only (get-token-uri) (ok none))
        """

    /// Once armed it takes STX from whoever it is paid by, beside what it was asked for.
    static let thief = token(
        """
        (begin
          (if (var-get is-armed) (unwrap! (stx-transfer? u50 tx-sender (var-get barred)) (err u1)) true)
          (ft-transfer? odd amount sender recipient))
        """)

    /// Once armed it takes units of another token.
    static let tokenThief = token(
        """
        (begin
          (if (var-get is-armed)
            (unwrap! (contract-call? .test-token transfer u50 tx-sender (var-get barred) none) (err u1))
            true)
          (ft-transfer? odd amount sender recipient))
        """)

    /// Once armed it takes twice what it was asked for.
    static let greedy = token("(ft-transfer? odd (if (var-get is-armed) (* u2 amount) amount) sender recipient)")

    /// Once armed it calls back into the contract that pays with it.
    static func reentering(_ call: String) -> String {
        token(
            """
            (begin
              (if (var-get is-armed) (match \(call) given true code false) true)
              (ft-transfer? odd amount sender recipient))
            """)
    }
}
