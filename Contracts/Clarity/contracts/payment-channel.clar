;; SPDX-License-Identifier: Apache-2.0
;; This file is part of Farthing. Authors: see the git history.

;; Two-way payment channels in STX.
;;
;;              close-channel / force-close-channel                    settle-disputed-channel
;;     OPEN ------------------------------------------> DISPUTED ---------------------------------> CLOSED
;;       |                                              |     ^                                       ^
;;       | deposit, withdraw                            +-----+ close-channel with a newer state      |
;;       +--------------------------------- close-together -------------------------------------------+
;;
;; Both parties sign *states* to each other: how much of the channel is whose, with a number that rises. The newest
;; state that both signed counts. Whoever wants to end the channel alone hands in a state, or asks for what is written
;; here; then a window of Bitcoin blocks runs, in which anybody may hand in a newer state, and after which anybody may
;; have the money paid out. Nothing is ever paid out alone by what one party says.
;;
;; What a state counts. Besides the two amounts a state names how much either party had deposited, and how much it had
;; taken out, when it was signed. So nothing that happens on the chain makes a signed state worthless: what was
;; deposited later belongs to whoever deposited it, and what a state lets a party take out it has, taken or not.

;; Who calls may not do this, or may not be a party.
(define-constant ERR-UNAUTHORIZED (err u1))
(define-constant ERR-CHANNEL-EXISTS (err u2))
(define-constant ERR-CHANNEL-NOT-FOUND (err u3))
(define-constant ERR-CHANNEL-CLOSED (err u4))
;; One of the two parties did not sign exactly this.
(define-constant ERR-INVALID-SIGNATURE (err u5))
(define-constant ERR-TIMEOUT-NOT-REACHED (err u6))
;; The channel is not where this belongs, or the state is not newer than what is known.
(define-constant ERR-INVALID-STATE (err u7))
;; The account, or the channel, does not hold what is named.
(define-constant ERR-INSUFFICIENT-FUNDS (err u8))
;; An amount or a length is out of range, or amounts do not add up.
(define-constant ERR-INVALID-AMOUNT (err u9))

(define-constant STATUS-OPEN u1)
(define-constant STATUS-DISPUTED u2)
(define-constant STATUS-CLOSED u3)

;; How long a window may be, in Bitcoin blocks: about six hours through about thirty days. Shorter would leave no time
;; to answer, longer would keep money for too long from whoever has no partner any more.
(define-constant MIN-TIMEOUT-BLOCKS u36)
(define-constant MAX-TIMEOUT-BLOCKS u4320)

;; SIP-018: what is signed names this very contract on this very chain, so it is worth nothing anywhere else.
(define-constant DOMAIN-HASH
  (sha256 (unwrap-panic (to-consensus-buff? {
    name: (unwrap-panic (to-ascii? current-contract)),
    version: "1.0.0",
    chain-id: chain-id
  })))
)
(define-constant SIP018-PREFIX 0x534950303138)

(define-map channels
  { channel-id: (buff 32) }
  {
    sender: principal,
    recipient: principal,
    ;; What each would have if the channel ended now; together always all that is in it.
    sender-balance: uint,
    recipient-balance: uint,
    ;; How long a window lasts, and while one runs the Bitcoin block with which it is over; else zero.
    timeout-blocks: uint,
    timeout-block: uint,
    ;; The number of the newest state that was handed in; zero before the first.
    nonce: uint,
    status: uint,
    ;; All that each ever put in, and all that each has taken out while the channel was open.
    sender-deposited: uint,
    recipient-deposited: uint,
    sender-withdrawn: uint,
    recipient-withdrawn: uint
  }
)

;; How many channels somebody has opened: makes the next one's name.
(define-map user-nonces
  { user: principal }
  { nonce: uint }
)

;; All that is in channels, and so at least what this contract holds.
(define-data-var total-locked-funds uint u0)

;; ---------------------------------------------------------------------------------------------------------------
;; Money in

;; Opens a channel with a first deposit of the sender, who calls.
;; Answers with its name.
(define-public (open-channel (recipient principal) (timeout-blocks uint) (amount uint))
  (let (
      (count (get-user-nonce tx-sender))
      (channel-id (get-channel-id tx-sender recipient count))
    )
    (asserts! (> amount u0) ERR-INVALID-AMOUNT)
    (asserts! (and (>= timeout-blocks MIN-TIMEOUT-BLOCKS) (<= timeout-blocks MAX-TIMEOUT-BLOCKS)) ERR-INVALID-AMOUNT)
    ;; Both must be able to sign, and to be paid: no contracts (this one among them), nobody of another network. With
    ;; one account on both sides a signature of one would be one of both.
    (asserts! (and (has-key tx-sender) (has-key recipient) (not (is-eq tx-sender recipient))) ERR-UNAUTHORIZED)
    (asserts! (is-none (map-get? channels { channel-id: channel-id })) ERR-CHANNEL-EXISTS)
    (map-set user-nonces { user: tx-sender } { nonce: (+ count u1) })
    (try! (take-in amount))
    (save "channel-opened" channel-id {
      sender: tx-sender,
      recipient: recipient,
      sender-balance: amount,
      recipient-balance: u0,
      timeout-blocks: timeout-blocks,
      timeout-block: u0,
      nonce: u0,
      status: STATUS-OPEN,
      sender-deposited: amount,
      recipient-deposited: u0,
      sender-withdrawn: u0,
      recipient-withdrawn: u0
    })
    (ok channel-id)
  )
)

;; Either party puts more in, at any time while the channel is open. It is that party's until both sign otherwise.
(define-public (deposit (channel-id (buff 32)) (amount uint))
  (let (
      (channel (unwrap! (map-get? channels { channel-id: channel-id }) ERR-CHANNEL-NOT-FOUND))
    )
    (asserts! (not (is-eq (get status channel) STATUS-CLOSED)) ERR-CHANNEL-CLOSED)
    (asserts! (is-eq (get status channel) STATUS-OPEN) ERR-INVALID-STATE)
    (asserts! (is-party tx-sender (get sender channel) (get recipient channel)) ERR-UNAUTHORIZED)
    (asserts! (> amount u0) ERR-INVALID-AMOUNT)
    (try! (take-in amount))
    (save "channel-deposited" channel-id
      (if (is-eq tx-sender (get sender channel))
        (merge channel {
          sender-balance: (+ (get sender-balance channel) amount),
          sender-deposited: (+ (get sender-deposited channel) amount)
        })
        (merge channel {
          recipient-balance: (+ (get recipient-balance channel) amount),
          recipient-deposited: (+ (get recipient-deposited channel) amount)
        })
      )
    )
    (ok true)
  )
)

;; ---------------------------------------------------------------------------------------------------------------
;; Ending a channel alone

;; Hands in a state that both have signed.
;;
;; In an open channel only a party may begin the end; then anybody may hand in a newer state until the window is over,
;; and with each the window starts anew. That cannot go on for ever: numbers only rise, and each needs both
;; signatures, so whoever has the newest state has the last word.
(define-public (close-channel
    (channel-id (buff 32))
    (sender-amount uint)
    (recipient-amount uint)
    (nonce uint)
    (sender-signature (buff 65))
    (recipient-signature (buff 65))
    (totals {
      sender-deposited: uint, recipient-deposited: uint, sender-withdrawn: uint, recipient-withdrawn: uint
    })
  )
  (let (
      (hash (get-state-digest channel-id sender-amount recipient-amount nonce totals))
      (channel (try! (adopt
        channel-id sender-amount recipient-amount nonce hash sender-signature recipient-signature totals)))
    )
    (asserts!
      (if (is-eq (get status channel) STATUS-OPEN)
        (is-party contract-caller (get sender channel) (get recipient channel))
        (< burn-block-height (get timeout-block channel))
      )
      (if (is-eq (get status channel) STATUS-OPEN) ERR-UNAUTHORIZED ERR-INVALID-STATE)
    )
    (save "channel-disputed" channel-id (start-window channel))
    (ok true)
  )
)

;; A party ends the channel by what is written here: by the last state that was handed in, or where there was none,
;; each with what it deposited. This is the exit of whoever has no state, and no partner that answers.
(define-public (force-close-channel (channel-id (buff 32)))
  (let (
      (channel (unwrap! (map-get? channels { channel-id: channel-id }) ERR-CHANNEL-NOT-FOUND))
    )
    (asserts! (is-eq (get status channel) STATUS-OPEN) ERR-INVALID-STATE)
    (asserts! (is-party contract-caller (get sender channel) (get recipient channel)) ERR-UNAUTHORIZED)
    (save "channel-disputed" channel-id (start-window channel))
    (ok true)
  )
)

;; Pays out once the window is over. Anybody may ask for it.
(define-public (settle-disputed-channel (channel-id (buff 32)))
  (let (
      (channel (unwrap! (map-get? channels { channel-id: channel-id }) ERR-CHANNEL-NOT-FOUND))
    )
    (asserts! (is-eq (get status channel) STATUS-DISPUTED) ERR-INVALID-STATE)
    (asserts! (>= burn-block-height (get timeout-block channel)) ERR-TIMEOUT-NOT-REACHED)
    (try! (pay-out channel-id channel))
    (ok true)
  )
)

;; ---------------------------------------------------------------------------------------------------------------
;; With both signatures

;; Ends the channel at once. What is signed is another message than a state, so no state can be used for it. Anybody
;; may hand it in, also while a window runs. Whoever has signed one must sign nothing newer.
(define-public (close-together
    (channel-id (buff 32))
    (sender-amount uint)
    (recipient-amount uint)
    (nonce uint)
    (sender-signature (buff 65))
    (recipient-signature (buff 65))
    (totals {
      sender-deposited: uint, recipient-deposited: uint, sender-withdrawn: uint, recipient-withdrawn: uint
    })
  )
  (let (
      (hash (get-close-digest channel-id sender-amount recipient-amount nonce totals))
      (channel (try! (adopt
        channel-id sender-amount recipient-amount nonce hash sender-signature recipient-signature totals)))
    )
    (try! (pay-out channel-id channel))
    (ok true)
  )
)

;; Pays what a state lets the parties take out, and leaves the channel open. Anybody may hand it in. A state that is
;; newer must not let anybody take out less.
(define-public (withdraw
    (channel-id (buff 32))
    (sender-amount uint)
    (recipient-amount uint)
    (nonce uint)
    (sender-signature (buff 65))
    (recipient-signature (buff 65))
    (totals {
      sender-deposited: uint, recipient-deposited: uint, sender-withdrawn: uint, recipient-withdrawn: uint
    })
  )
  (let (
      (hash (get-state-digest channel-id sender-amount recipient-amount nonce totals))
      (channel (try! (adopt
        channel-id sender-amount recipient-amount nonce hash sender-signature recipient-signature totals)))
      (sender-share (- (get sender-withdrawn totals) (get sender-withdrawn channel)))
      (recipient-share (- (get recipient-withdrawn totals) (get recipient-withdrawn channel)))
    )
    (asserts! (is-eq (get status channel) STATUS-OPEN) ERR-INVALID-STATE)
    (asserts! (> (+ sender-share recipient-share) u0) ERR-INVALID-AMOUNT)
    (save "channel-withdrawn" channel-id (merge channel {
      sender-balance: (- (get sender-balance channel) sender-share),
      recipient-balance: (- (get recipient-balance channel) recipient-share),
      sender-withdrawn: (get sender-withdrawn totals),
      recipient-withdrawn: (get recipient-withdrawn totals)
    }))
    (try! (pay sender-share (get sender channel)))
    (try! (pay recipient-share (get recipient channel)))
    (ok true)
  )
)

;; ---------------------------------------------------------------------------------------------------------------
;; Reading

(define-read-only (get-channel-details (channel-id (buff 32)))
  (map-get? channels { channel-id: channel-id })
)

;; How many channels an account has opened: the number in its next channel's name.
(define-read-only (get-user-nonce (user principal))
  (default-to u0 (get nonce (map-get? user-nonces { user: user })))
)

(define-read-only (get-total-locked)
  (var-get total-locked-funds)
)

;; A channel's name: never the same twice, in any deployment on any chain.
(define-read-only (get-channel-id (sender principal) (recipient principal) (user-nonce uint))
  (get-digest (sha256 (unwrap-panic (to-consensus-buff? {
    topic: "payment-channel", sender: sender, recipient: recipient, user-nonce: user-nonce
  }))))
)

;; What both sign for a state.
(define-read-only (get-state-digest
    (channel-id (buff 32))
    (sender-amount uint)
    (recipient-amount uint)
    (nonce uint)
    (totals {
      sender-deposited: uint, recipient-deposited: uint, sender-withdrawn: uint, recipient-withdrawn: uint
    })
  )
  (get-digest (sha256 (unwrap-panic (to-consensus-buff? (merge totals {
    topic: "payment-channel-state",
    channel-id: channel-id,
    sender-amount: sender-amount,
    recipient-amount: recipient-amount,
    nonce: nonce
  })))))
)

;; What both sign to end the channel at once.
(define-read-only (get-close-digest
    (channel-id (buff 32))
    (sender-amount uint)
    (recipient-amount uint)
    (nonce uint)
    (totals {
      sender-deposited: uint, recipient-deposited: uint, sender-withdrawn: uint, recipient-withdrawn: uint
    })
  )
  (get-digest (sha256 (unwrap-panic (to-consensus-buff? (merge totals {
    topic: "payment-channel-close",
    channel-id: channel-id,
    sender-amount: sender-amount,
    recipient-amount: recipient-amount,
    nonce: nonce
  })))))
)

(define-read-only (get-domain-hash)
  DOMAIN-HASH
)

;; ---------------------------------------------------------------------------------------------------------------
;; Steps

;; Checks a state that both are said to have signed, and answers with the channel as it would be by it.
(define-private (adopt
    (channel-id (buff 32))
    (sender-amount uint)
    (recipient-amount uint)
    (nonce uint)
    (hash (buff 32))
    (sender-signature (buff 65))
    (recipient-signature (buff 65))
    (totals {
      sender-deposited: uint, recipient-deposited: uint, sender-withdrawn: uint, recipient-withdrawn: uint
    })
  )
  (let (
      (channel (unwrap! (map-get? channels { channel-id: channel-id }) ERR-CHANNEL-NOT-FOUND))
      (sender-deposited (get sender-deposited totals))
      (recipient-deposited (get recipient-deposited totals))
      (sender-withdrawn (get sender-withdrawn totals))
      (recipient-withdrawn (get recipient-withdrawn totals))
    )
    (asserts! (not (is-eq (get status channel) STATUS-CLOSED)) ERR-CHANNEL-CLOSED)
    (asserts! (> nonce (get nonce channel)) ERR-INVALID-STATE)
    ;; A state cannot share out what is not here.
    (asserts! (<= sender-deposited (get sender-deposited channel)) ERR-INSUFFICIENT-FUNDS)
    (asserts! (<= recipient-deposited (get recipient-deposited channel)) ERR-INSUFFICIENT-FUNDS)
    ;; What was taken out is gone.
    (asserts! (>= sender-withdrawn (get sender-withdrawn channel)) ERR-INVALID-STATE)
    (asserts! (>= recipient-withdrawn (get recipient-withdrawn channel)) ERR-INVALID-STATE)
    ;; Each part by itself first, so that no sum overflows.
    (asserts!
      (let ((whole (+ sender-deposited recipient-deposited)))
        (and
          (<= sender-amount whole)
          (<= recipient-amount whole)
          (<= sender-withdrawn whole)
          (<= recipient-withdrawn whole)
          (is-eq whole (+ sender-amount recipient-amount sender-withdrawn recipient-withdrawn))
        )
      )
      ERR-INVALID-AMOUNT
    )
    (asserts! (signed-by hash sender-signature (get sender channel)) ERR-INVALID-SIGNATURE)
    (asserts! (signed-by hash recipient-signature (get recipient channel)) ERR-INVALID-SIGNATURE)
    ;; What the state gives, what came in since it was signed, and what it lets one take out and was not taken yet.
    (ok (merge channel {
      nonce: nonce,
      sender-balance: (+ sender-amount
        (- (get sender-deposited channel) sender-deposited)
        (- sender-withdrawn (get sender-withdrawn channel))),
      recipient-balance: (+ recipient-amount
        (- (get recipient-deposited channel) recipient-deposited)
        (- recipient-withdrawn (get recipient-withdrawn channel)))
    }))
  )
)

;; The channel with a window that starts now.
(define-private (start-window (channel {
    sender: principal, recipient: principal, sender-balance: uint, recipient-balance: uint, timeout-blocks: uint,
    timeout-block: uint, nonce: uint, status: uint, sender-deposited: uint, recipient-deposited: uint,
    sender-withdrawn: uint, recipient-withdrawn: uint
  }))
  (merge channel {
    status: STATUS-DISPUTED,
    timeout-block: (+ burn-block-height (get timeout-blocks channel))
  })
)

;; Writes the channel down, and tells everybody. Each event has all of the channel as it is then.
(define-private (save (event (string-ascii 24)) (channel-id (buff 32)) (channel {
    sender: principal, recipient: principal, sender-balance: uint, recipient-balance: uint, timeout-blocks: uint,
    timeout-block: uint, nonce: uint, status: uint, sender-deposited: uint, recipient-deposited: uint,
    sender-withdrawn: uint, recipient-withdrawn: uint
  }))
  (begin
    (map-set channels { channel-id: channel-id } channel)
    (print { event: event, channel-id: channel-id, channel: channel })
    true
  )
)

;; Ends the channel, and pays both what is theirs. It is closed before anything is paid. An account without code
;; cannot refuse STX, so neither of the two stands in the other's way. The record stays, so that whoever comes late is
;; told that the channel is closed and not that there was none.
(define-private (pay-out (channel-id (buff 32)) (channel {
    sender: principal, recipient: principal, sender-balance: uint, recipient-balance: uint, timeout-blocks: uint,
    timeout-block: uint, nonce: uint, status: uint, sender-deposited: uint, recipient-deposited: uint,
    sender-withdrawn: uint, recipient-withdrawn: uint
  }))
  (begin
    (save "channel-closed" channel-id (merge channel {
      status: STATUS-CLOSED, timeout-block: u0, sender-balance: u0, recipient-balance: u0,
      sender-withdrawn: (+ (get sender-withdrawn channel) (get sender-balance channel)),
      recipient-withdrawn: (+ (get recipient-withdrawn channel) (get recipient-balance channel))
    }))
    (try! (pay (get sender-balance channel) (get sender channel)))
    (try! (pay (get recipient-balance channel) (get recipient channel)))
    (ok true)
  )
)

(define-private (take-in (amount uint))
  (begin
    (unwrap! (stx-transfer? amount tx-sender current-contract) ERR-INSUFFICIENT-FUNDS)
    (var-set total-locked-funds (+ (var-get total-locked-funds) amount))
    (ok true)
  )
)

;; Pays exactly this amount and nothing besides; a transfer of nothing would fail, so nothing is not transferred.
(define-private (pay (amount uint) (to principal))
  (if (is-eq amount u0)
    (ok true)
    (begin
      (var-set total-locked-funds (- (var-get total-locked-funds) amount))
      (as-contract? ((with-stx amount))
        (unwrap! (stx-transfer? amount current-contract to) ERR-INSUFFICIENT-FUNDS)
      )
    )
  )
)

(define-private (is-party (who principal) (sender principal) (recipient principal))
  (or (is-eq who sender) (is-eq who recipient))
)

;; Whether somebody may have one key and can sign: an account of this network, no contract, no multisig.
(define-private (has-key (who principal))
  (match (principal-destruct? who)
    parts (and
      (is-none (get name parts))
      (or (is-eq (get version parts) 0x16) (is-eq (get version parts) 0x1a))
    )
    foreign false
  )
)

(define-private (get-digest (message-hash (buff 32)))
  (sha256 (concat SIP018-PREFIX (concat DOMAIN-HASH message-hash)))
)

;; `secp256k1-recover?` takes a signature and its mirror image (high S) alike; `secp256k1-verify` only the one.
(define-private (signed-by (hash (buff 32)) (signature (buff 65)) (signer principal))
  (match (secp256k1-recover? hash signature)
    key (and (secp256k1-verify hash signature key) (is-eq (principal-of? key) (ok signer)))
    fault false
  )
)
