// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings

/// One value of a policy file and where it stands, read strictly.
struct PolicyMember {
    let path: String
    let value: JSON

    /// The member of this object with that name, or `nil` when it is not there.
    subscript(_ name: String) -> PolicyMember? { value[name].map { PolicyMember(path: path(to: name), value: $0) } }

    func path(to name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    /// - Throws: ``PolicyFileError`` unless this is an object whose members all have one of these names.
    func onlyHas(_ names: [String]) throws(PolicyFileError) {
        for member in try members() where !names.contains(member.name) {
            throw .unknownMember(
                path: path(to: Self.cut(member.name)), nearest: Spelling.nearest(to: member.name, among: names))
        }
    }

    func members() throws(PolicyFileError) -> [(name: String, member: PolicyMember)] {
        guard let members = value.members else { throw wrongType("an object") }
        return members.map { ($0.name, PolicyMember(path: path(to: $0.name), value: $0.value)) }
    }

    func truth() throws(PolicyFileError) -> Bool {
        guard let truth = value.boolValue else { throw wrongType("true or false") }
        return truth
    }

    func text(_ rule: String) throws(PolicyFileError) -> String {
        guard let text = value.stringValue else { throw wrongType(rule) }
        return text
    }

    /// An array of texts, each of which `read` must understand.
    func items<Item: Hashable>(
        _ rule: String, read: (String) -> Item?
    ) throws(PolicyFileError) -> Set<Item> {
        guard let elements = value.arrayValue else { throw wrongType("an array") }
        var items: Set<Item> = []
        for (index, element) in elements.enumerated() {
            let member = PolicyMember(path: "\(path)[\(index)]", value: element)
            let text = try member.text(rule)
            guard let item = read(text) else { throw member.badValue(text, rule) }
            items.insert(item)
        }
        return items
    }

    func badValue(_ text: String, _ rule: String) -> PolicyFileError {
        .badValue(path: path, value: Self.cut(text), rule: rule)
    }

    func wrongType(_ rule: String) -> PolicyFileError {
        let found =
            switch value {
            case .null: "null"
            case .bool: "true or false"
            case .number: "a number"
            case .string: "a string"
            case .array: "an array"
            case .object: "an object"
            }
        return .wrongType(path: path, found: found, rule: rule)
    }

    /// Enough of a text to know it again.
    private static func cut(_ text: String) -> String { text.count > 80 ? "\(text.prefix(80))…" : text }
}
