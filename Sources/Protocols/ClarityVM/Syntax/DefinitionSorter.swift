// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

/// Brings a contract's definitions into an order in which each needs only earlier ones.
///
/// There is no recursion in Clarity: a circle is a fault of the text.
///
/// - Source: stacks-core, the definition sorter of the Clarity VM.
struct DefinitionSorter {
    private struct Definition {
        var index: Int
        /// The expression that gives the name; it is no use of it.
        var nameID: Int
    }

    private let version: ClarityVersion
    private var definitions: [ClarityName: Definition] = [:]
    private var needs: [[Int]] = []

    private init(version: ClarityVersion) {
        self.version = version
    }

    /// The same expressions, sorted.
    ///
    /// - Throws: ``SyntaxFault/Reason/circularReference(_:)``, at the first definition of the circle.
    static func sorted(
        _ expressions: [Expression], in version: ClarityVersion
    ) throws(SyntaxFault) -> [Expression] {
        var sorter = DefinitionSorter(version: version)
        for (index, expression) in expressions.enumerated() {
            guard let name = definedName(expression), let text = name.atom else { continue }
            sorter.definitions[text] = Definition(index: index, nameID: name.id)
        }
        for expression in expressions {
            var found: Set<Int> = []
            var order: [Int] = []
            sorter.walk(expression) { if found.insert($0).inserted { order.append($0) } }
            sorter.needs.append(order)
        }
        return try sorter.order(of: expressions).map { expressions[$0] }
    }

    /// The expression that gives a definition its name.
    private static func definedName(_ expression: Expression) -> Expression? {
        guard let (_, arguments) = DefinitionWord.parts(of: expression), let first = arguments.first else { return nil }
        return first.list.map(\.first) ?? first
    }

    // MARK: - What an expression needs

    private func walk(_ expression: Expression, use: (Int) -> Void) {
        switch expression.kind {
        case .atom(let name), .traitReference(let name):
            if let definition = definitions[name], definition.nameID != expression.id { use(definition.index) }
        case .list(let parts):
            walk(parts[...], use: use)
        case .literal, .sugaredContract, .sugaredField, .field: break
        }
    }

    private func walk(_ parts: ArraySlice<Expression>, use: (Int) -> Void) {
        if let name = parts.first?.atom {
            let arguments = parts.dropFirst()
            if let word = DefinitionWord(name) { return walk(definition: word, arguments, use: use) }
            if let word = NativeFunction(name, in: version), walk(word, arguments, use: use) { return }
        }
        for part in parts { walk(part, use: use) }
    }

    private func walk(definition word: DefinitionWord, _ arguments: ArraySlice<Expression>, use: (Int) -> Void) {
        switch word {
        case .constant, .dataVariable:
            for part in arguments.dropFirst() { walk(part, use: use) }
        case .publicFunction, .privateFunction, .readOnlyFunction:
            guard arguments.count == 2, let signature = arguments.first, let body = arguments.last else { return }
            walk(pairs: (signature.list ?? []).dropFirst(), use: use)
            walk(body, use: use)
        case .map where arguments.count == 3, .fungibleToken where arguments.count == 2:
            for part in arguments.dropFirst() { walk(part, use: use) }
        case .trait:
            guard arguments.count == 2, let methods = arguments.last?.list else { return }
            for method in methods {
                guard let parts = method.list, parts.count == 3 else { continue }
                for part in parts.dropFirst() { walk(part, use: use) }
            }
        case .map, .fungibleToken, .nonFungibleToken, .useTrait, .implTrait: break
        }
    }

    /// Walks through the arguments of a word some of whose arguments are names, and tells whether it is such a word.
    private func walk(_ word: NativeFunction, _ arguments: ArraySlice<Expression>, use: (Int) -> Void) -> Bool {
        switch word {
        case .contractCall:
            for part in arguments.dropFirst(2) { walk(part, use: use) }
        case .letIn:
            guard arguments.count > 1 else { return true }
            walk(pairs: (arguments.first?.list ?? [])[...], use: use)
            for part in arguments.dropFirst() { walk(part, use: use) }
        case .get:
            if arguments.count == 2, let tuple = arguments.last { walk(tuple, use: use) }
        case .tuple: walk(pairs: arguments, use: use)
        default: return false
        }
        return true
    }

    private func walk(pairs: ArraySlice<Expression>, use: (Int) -> Void) {
        for pair in pairs {
            if let parts = pair.list, parts.count == 2 { walk(parts[1], use: use) }
        }
    }

    // MARK: - Order

    private enum Mark {
        case unseen
        case open
        case done
    }

    /// Depth first, without recursion: a chain of definitions may be as long as the contract.
    private func order(of expressions: [Expression]) throws(SyntaxFault) -> [Int] {
        var marks = [Mark](repeating: .unseen, count: expressions.count)
        var order: [Int] = []
        var path: [(index: Int, next: Int)] = []
        for root in expressions.indices where marks[root] == .unseen {
            marks[root] = .open
            path.append((root, 0))
            while let (index, next) = path.last {
                guard next < needs[index].count else {
                    path.removeLast()
                    marks[index] = .done
                    order.append(index)
                    continue
                }
                path[path.count - 1].next += 1
                let need = needs[index][next]
                switch marks[need] {
                case .done: break
                case .unseen:
                    marks[need] = .open
                    path.append((need, 0))
                case .open: throw circle(path.map(\.index), closedBy: need, in: expressions)
                }
            }
        }
        return order
    }

    private func circle(_ path: [Int], closedBy need: Int, in expressions: [Expression]) -> SyntaxFault {
        let members = path.drop { $0 != need }.sorted()
        let names = members.prefix(16).compactMap { Self.definedName(expressions[$0])?.atom?.text }.sorted()
        return SyntaxFault(.circularReference(names), at: expressions[members.first ?? need].span)
    }
}
