// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Finds the word that somebody meant to write.
public enum Spelling {
    /// The word closest to one that is none of these, if one is close at all.
    public static func nearest(to word: String, among words: [String]) -> String? {
        let scored = words.map { (word: $0, distance: distance($0.lowercased(), word.lowercased())) }
        guard let best = scored.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= min(3, best.word.count / 2) ? best.word : nil
    }

    /// How many letters must be put in, left out or changed (Levenshtein).
    private static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right)
        var row = Array(0...right.count)
        for (above, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = above + 1
            for (index, other) in right.enumerated() {
                let upper = row[index + 1]
                row[index + 1] = min(upper + 1, row[index] + 1, diagonal + (letter == other ? 0 : 1))
                diagonal = upper
            }
        }
        return row[right.count]
    }
}
