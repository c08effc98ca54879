// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings

/// A client's view of the part of the graph that belongs to a key pair: all it writes is signed.
public struct SignedGun: Sendable {
    public let client: GunClient
    public let pair: GunKeyPair

    /// The soul of a node in this part; the key's own node for an empty path.
    ///
    /// - Parameter path: Keys with `/` between them, such as `channels/c1`.
    public func soul(_ path: String = "") -> Soul {
        path.isEmpty ? pair.pub.soul : pair.pub.soul.child(NodeKey(path))
    }

    /// Signs an object and writes it, with the links that lead to it from the key's own node.
    ///
    /// - Throws: ``GunError``; see ``GunClient/put(_:at:)``.
    @discardableResult
    public func put(_ tree: GunTree, at path: String = "") async throws(GunError) -> GunReceipt {
        let state = await client.newState()
        guard var nodes = tree.nodes(at: soul(path), state: state) else { throw .invalidValue }
        nodes = links(to: path, state: state) + nodes.filter { !$0.entries.isEmpty }
        return try await client.put(try signed(nodes))
    }

    /// Writes into somebody else's part, with that owner's permission.
    ///
    /// - Throws: ``GunError``, also ``GunError/refused(text:)`` when the certificate does not permit it.
    @discardableResult
    public func put(
        _ tree: GunTree, at soul: Soul, certificate: GunCertificate
    ) async throws(GunError) -> GunReceipt {
        let state = await client.newState()
        guard let nodes = tree.nodes(at: soul, state: state) else { throw .invalidValue }
        return try await client.put(try signed(nodes.filter { !$0.entries.isEmpty }, certificate: certificate))
    }

    /// Reads a node of this part.
    public func get(_ path: String = "") async throws(GunError) -> GunNode? { try await client.get(soul(path)) }

    /// The values of a node of this part, now and whenever they change.
    public func changes(of path: String = "") -> GunChanges { client.changes(of: soul(path)) }

    /// One link a step, as GUN's own chains follow them.
    private func links(to path: String, state: GunState) -> [GunNode] {
        var nodes: [GunNode] = []
        var parent = pair.pub.soul
        for step in path.split(separator: "/") {
            let key = NodeKey(String(step))
            let child = parent.child(key)
            nodes.append(GunNode(parent, [key: GunEntry(.link(child), state)]))
            parent = child
        }
        return nodes
    }

    private func signed(
        _ nodes: [GunNode], certificate: GunCertificate? = nil
    ) throws(GunError) -> [GunNode] {
        var merged: [Soul: Int] = [:]
        var result: [GunNode] = []
        for node in nodes {
            var entries: [NodeKey: GunEntry] = [:]
            for (key, entry) in node.entries {
                let value = try UserSpace.sign(
                    entry.value, at: key, of: node.soul, state: entry.state, with: pair, certificate: certificate)
                entries[key] = GunEntry(value, entry.state)
            }
            if let index = merged[node.soul] {
                result[index].entries.merge(entries) { _, later in later }
            } else {
                merged[node.soul] = result.count
                result.append(GunNode(node.soul, entries))
            }
        }
        return result
    }
}

// MARK: - Accounts

extension GunClient {
    /// Makes an account: a new key pair that lies encrypted in the graph, and an alias that leads to it.
    ///
    /// Several may have one alias. Takes a moment, because passphrases are hashed slowly.
    public func createAccount(alias: String, passphrase: String) async throws(GunError) -> GunAccount {
        let account = try GunAccount(alias: alias, passphrase: passphrase)
        try await put(try account.nodes(state: newState()))
        return account
    }

    /// Finds the account that has this alias and opens with this passphrase.
    ///
    /// - Throws: ``GunError/noAccount``, or what reading throws. At most 16 accounts of one alias are tried.
    public func openAccount(alias: String, passphrase: String) async throws(GunError) -> GunKeyPair {
        let named = try await get(GunAccount.aliasSoul(alias))
        var tried = 0
        for key in (named?.entries.keys.sorted() ?? []) where tried < 16 {
            guard key.text.utf8.first == UInt8(ascii: "~"), let pub = try? GunPublicKey(String(key.text.dropFirst()))
            else {
                continue
            }
            tried += 1
            guard case .text(let auth)? = try await get(pub.soul, "auth") else { continue }
            if let pair = try? GunAccount.open(auth: .string(auth), passphrase: passphrase, pub: pub) { return pair }
        }
        throw .noAccount
    }
}
