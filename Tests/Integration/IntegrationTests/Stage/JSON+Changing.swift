// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings

extension JSON {
    /// This value with another one at a path such as `payload.voucher.signature`, or without it when `nil`.
    func changing(_ path: String, to value: JSON?) -> JSON {
        changing(path.split(separator: ".").map(String.init)[...], to: value)
    }

    private func changing(_ path: ArraySlice<String>, to value: JSON?) -> JSON {
        guard let name = path.first else { return value ?? self }
        if path.count > 1 {
            return adding(name, (self[name] ?? .object([])).changing(path.dropFirst(), to: value))
        }
        guard let value else { return .object((members ?? []).filter { $0.name != name }) }
        return adding(name, value)
    }

    /// What stands at a path.
    subscript(path path: String) -> JSON? {
        path.split(separator: ".").reduce(Optional(self)) { json, name in json?[String(name)] }
    }

    /// The paths of all members that are no objects.
    var leafPaths: [String] {
        (members ?? []).flatMap { member -> [String] in
            guard member.value.members != nil else { return [member.name] }
            return member.value.leafPaths.map { "\(member.name).\($0)" }
        }
    }

    /// As it goes into PAYMENT-SIGNATURE.
    var header: String { Base64.encode(bytes) }
}
