//! What an error of a socket says: whose trouble it is, and in which word.

use super::step::Step;
use nix::errno::Errno;
use oco::logic::code::Code;
use oco::system::words::lowered;

/// Where there is no descriptor left, be it the kernel's limit or our own.
pub const NO_DESCRIPTORS: &str = "no free descriptors";
/// Nobody listens there, but somebody is there.
pub const REFUSED: &str = "refused";
/// Nothing came in time.
pub const TIMEOUT: &str = "timeout";
/// The target ended the connection before it had said what was waited for.
pub const CLOSED: &str = "closed";

/// The result of a probe in flight that ended by this error, and its word.
pub fn failed(errno: Errno, words: &mut String) -> Step {
    match errno {
        // Said by a firewall on the way, as ICMPv6 has it; where our own one forbids it, nothing ever flew.
        Errno::EACCES | Errno::EPERM => {
            words.push_str("prohibited on the way");
            Step::Told(Code::KO)
        }
        errno => not_begun(errno, words),
    }
}

/// The result of a probe that could not begin for this error, and its word.
pub fn not_begun(errno: Errno, words: &mut String) -> Step {
    let (step, word) = match errno {
        Errno::ECONNREFUSED => (Step::Told(Code::KO), REFUSED),
        Errno::ETIMEDOUT => (Step::Told(Code::KO), TIMEOUT),
        Errno::ECONNRESET | Errno::EPIPE | Errno::ECONNABORTED => (Step::Told(Code::KO), "reset"),
        Errno::EHOSTUNREACH | Errno::EHOSTDOWN => (Step::Told(Code::KO), "no route"),
        Errno::EMFILE | Errno::ENFILE => (Step::Own, NO_DESCRIPTORS),
        Errno::ENOMEM | Errno::ENOBUFS => (Step::Own, "no memory for a socket"),
        Errno::ENETUNREACH => (Step::Own, "network is unreachable"),
        Errno::ENETDOWN => (Step::Own, "network is down"),
        Errno::EADDRNOTAVAIL | Errno::EAGAIN => (Step::Own, "no free port or address of our own"),
        Errno::EACCES | Errno::EPERM => (Step::Own, "not permitted to connect there"),
        Errno::EAFNOSUPPORT => (Step::Own, "no such kind of addresses on this host"),
        _ => {
            words.push_str(&lowered(errno.desc()));
            return if is_the_targets(errno) { Step::Told(Code::KO) } else { Step::Own };
        }
    };
    words.push_str(word);
    step
}

/// Rarer errors that only something on the way or at the other end brings about.
fn is_the_targets(errno: Errno) -> bool {
    matches!(errno, Errno::EPROTO | Errno::ENOPROTOOPT | Errno::EOPNOTSUPP | Errno::ENONET | Errno::EMSGSIZE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_troubles_are_told_from_the_targets() {
        let said = |errno| {
            let mut words = String::new();
            let step = not_begun(errno, &mut words);
            (step, words)
        };
        let mut words = String::new();
        assert_eq!(failed(Errno::EACCES, &mut words), Step::Told(Code::KO));
        assert_eq!(failed(Errno::ENETDOWN, &mut words), Step::Own);
        assert_eq!(words, "prohibited on the waynetwork is down");
        let ko = Step::Told(Code::KO);
        for (errno, step, word) in [
            (Errno::ECONNREFUSED, ko, "refused"),
            (Errno::ETIMEDOUT, ko, "timeout"),
            (Errno::ECONNRESET, ko, "reset"),
            (Errno::EPIPE, ko, "reset"),
            (Errno::EHOSTUNREACH, ko, "no route"),
            (Errno::EPROTO, ko, "protocol error"),
            (Errno::EMFILE, Step::Own, "no free descriptors"),
            (Errno::ENFILE, Step::Own, "no free descriptors"),
            (Errno::ENOMEM, Step::Own, "no memory for a socket"),
            (Errno::ENETUNREACH, Step::Own, "network is unreachable"),
            (Errno::ENETDOWN, Step::Own, "network is down"),
            (Errno::EADDRNOTAVAIL, Step::Own, "no free port or address of our own"),
            (Errno::EPERM, Step::Own, "not permitted to connect there"),
            (Errno::EINVAL, Step::Own, "invalid argument"),
        ] {
            assert_eq!(said(errno), (step, word.to_owned()), "{errno}");
        }
    }
}
