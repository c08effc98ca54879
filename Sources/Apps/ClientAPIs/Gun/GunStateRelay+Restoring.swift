// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingGun
public import FarthingPrimitives

extension GunStateRelay {
    /// The newest state of a channel that both signed, as far as the graph shows one.
    ///
    /// Each party backs it up in its own part of the graph, and both are looked at, at every relay: it waits for those
    /// that are not connected yet, as long as for any answer. Only the two Ethereum signatures count. For whoever has
    /// lost its store this is what to end the channel with, by
    /// ``MicropaymentAPI/finalizeChannel(_:state:clientSignature:relaySignature:)``; it is not to go on from: a relay
    /// that hides something newer would have it sign a second state under one nonce.
    ///
    /// - Throws: ``StateRelayError/unknownSlot(_:)`` for a channel that is not pinned, and why no relay answered.
    public func newestAgreement(of channel: ChannelID) async throws(StateRelayError) -> GunBackup {
        guard let pinned = channels[channel] else { throw .unknownSlot("\(channel)") }
        var newest: SignedTwoWayState?
        var readings: [GunReading] = []
        var failure: GunError?
        for owner in [identity.contact.pub, pinned.contact.pub] {
            let soul = pinned.envelope.soul(of: channel, owner: owner)
            let reading: GunReading
            do throws(GunError) {
                reading = try await client.getFromAll(GraphQuery(soul, .exactly(Self.backupKey)))
            } catch {
                failure = error
                continue
            }
            readings.append(reading)
            guard
                let message = pinned.envelope.open(
                    reading.node?[Self.backupKey], for: Self.place(Self.backupKey, soul), most: GunAgreement.mostBytes),
                let found = GunAgreement(message: message), found.channel == channel,
                found.signed.state.nonce > newest?.state.nonce ?? 0,
                found.signed.forger(under: pinned.watch.terms, of: channel, in: pinned.watch.domain) == nil
            else { continue }
            newest = found.signed
        }
        if let failure, readings.isEmpty { throw StateRelayError(failure) }
        return GunBackup(
            newest: newest, answered: failure == nil ? readings.map(\.answered).min() ?? 0 : 0,
            relays: readings.first?.relays ?? 0)
    }

    // MARK: - Finding channels and contacts again

    /// Writes down, for this party alone, which channel it has with whom, and keeps it written.
    public func remember(_ channel: ChannelID) async throws(StateRelayError) {
        guard let pinned = channels[channel] else { throw .unknownSlot("\(channel)") }
        do throws(GunError) {
            let own = try GunEnvelope(identity.pair, with: identity.pair.epub)
            let key = NodeKey(own.pseudonym("\(channel)"))
            let entry: JSON = ["channelId": .string("\(channel)"), "contact": pinned.contact.json]
            let value = try own.seal(entry.bytes, for: Self.place(key, listSoul))
            _ = try await client.signed(by: identity.pair).put(.object([key: .value(value)]), at: Self.listPath)
        } catch { throw StateRelayError(error) }
        remembered.insert(channel)
        keepWritten()
    }

    /// The channels that ``remember(_:)`` wrote down, with the other parties, for whoever has lost everything but its
    /// key.
    ///
    /// The terms to pin them under are in their contracts.
    public func rememberedChannels() async throws(StateRelayError) -> [ChannelID: GunContact] {
        do throws(GunError) {
            let own = try GunEnvelope(identity.pair, with: identity.pair.epub)
            var found: [ChannelID: GunContact] = [:]
            for (key, entry) in try await client.get(listSoul)?.entries ?? [:] {
                let message = own.open(entry.value, for: Self.place(key, listSoul), most: GunAgreement.mostBytes)
                guard let json = message.flatMap({ try? JSON.parse($0, limits: .init(maximumDepth: 3)) }),
                    let channel = json["channelId"]?.stringValue.flatMap({ ChannelID(hex: $0) }),
                    let contact = json["contact"].flatMap({ try? GunContact($0) })
                else { continue }
                found[channel] = contact
            }
            return found
        } catch { throw StateRelayError(error) }
    }

    private static var listPath: String { "farthing-channels" }
    private var listSoul: Soul { identity.contact.pub.soul.child(NodeKey(Self.listPath)) }

    /// Puts this party's contact where others find it by its account.
    ///
    /// Anybody may write over it, which only hides it until it is written again, as all else is.
    public func publishContact() async throws(StateRelayError) {
        do throws(GunError) {
            _ = try await client.put(
                ["contact": .value(.text(identity.contact.json.text))], at: Self.contactSoul(identity.account))
        } catch { throw StateRelayError(error) }
        isContactPublished = true
        keepWritten()
    }

    /// The contact of an account, verified; `nil` when nothing that the account signed is there.
    public func contact(of account: Address) async throws(StateRelayError) -> GunContact? {
        do throws(GunError) {
            guard case .text(let text)? = try await client.get(Self.contactSoul(account), "contact"),
                let contact = try? GunContact(text: text), contact.account == account
            else { return nil }
            return contact
        } catch { throw StateRelayError(error) }
    }

    private static func contactSoul(_ account: Address) -> Soul {
        Soul("farthing/contacts/\(account.hex.lowercased())")
    }
}
