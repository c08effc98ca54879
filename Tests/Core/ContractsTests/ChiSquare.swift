// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// How far counts are from what they should be on average: Pearson's chi-square, and what chance makes of it.
///
/// - Source: K. Pearson (1900); the bounds are those of E. Wilson and M. Hilferty (1931), right to less than one part in
///   a hundred from ten degrees of freedom on.
enum ChiSquare {
    /// Of so many wins in each of some buckets of one size, every ticket of which wins with one probability.
    ///
    /// It has as many degrees of freedom as there are buckets, because the probability is known.
    static func of(wins: [Int], outOf size: Int, probability: Double) -> Double {
        let (mean, variance) = (Double(size) * probability, Double(size) * probability * (1 - probability))
        return wins.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) / variance }
    }

    /// Of so many hits in each of some places that are hit equally often; one degree of freedom less than places.
    static func of(hits: [Int]) -> Double {
        let mean = Double(hits.reduce(0, +)) / Double(hits.count)
        return hits.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) / mean }
    }

    /// Between what it lies 998 times out of 1,000, so much being degrees of freedom.
    static func range(_ freedom: Int) -> ClosedRange<Double> {
        let deviation = (2 / (9 * Double(freedom))).squareRoot()
        // A normal variable is above this once in 1,000 times.
        let rare = 3.0902
        let bound = { (side: Double) in
            let root = 1 - deviation * deviation + side * rare * deviation
            return Double(freedom) * root * root * root
        }
        return bound(-1)...bound(1)
    }
}
