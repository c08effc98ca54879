// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Dispatch
import Foundation

/// A terminal that does not show what is typed.
///
/// The system's `getpass` has Ctrl-C typed into the passphrase; here it ends the program, and the terminal shows again
/// what is typed.
enum SilentTerminal {
    /// - Returns: What was typed, without its end; `nil` when standard input is no terminal, or has come to its end.
    static func line(_ prompt: String) -> String? {
        var before = termios()
        guard isatty(STDIN_FILENO) == 1, tcgetattr(STDIN_FILENO, &before) == 0 else { return nil }
        let shown = before
        let isHeard = DispatchSemaphore(value: 0)
        // Whatever ends the program finds the terminal as it was.
        let ends = [SIGINT, SIGTERM, SIGHUP].map { number in
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler {
                restore(shown)
                Console.error("")
                exit(Interruption.exitCode)
            }
            source.setRegistrationHandler { isHeard.signal() }
            signal(number, SIG_IGN)
            source.resume()
            return (number: number, source: source)
        }
        defer {
            for end in ends {
                end.source.cancel()
                signal(end.number, SIG_DFL)
            }
        }
        // One that came before would be lost.
        for _ in ends { isHeard.wait() }
        var silent = before
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer { restore(shown) }
        Console.prompt(prompt)
        let line = readLine()
        // The end of the line was not shown either.
        Console.error("")
        return line
    }

    private static func restore(_ settings: termios) {
        var settings = settings
        tcsetattr(STDIN_FILENO, TCSADRAIN, &settings)
    }
}
