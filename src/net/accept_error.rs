//! What is to be done when accept(2) fails, by its errno.

use nix::errno::Errno;

/// Whose trouble it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcceptError {
    /// Nobody's: no connection waits.
    WouldBlock,
    /// Nobody's: ask again.
    Interrupted,
    /// The connection's own, which Linux passes on with its accept. Ask for the next one.
    OfTheClient,
    /// There is no descriptor or no memory for it. It stays in the queue until there is.
    Shortage,
    /// Ours. Only time helps.
    Ours,
}

impl From<Errno> for AcceptError {
    /// As accept(2) describes them under "Error handling".
    fn from(errno: Errno) -> AcceptError {
        match errno {
            Errno::EAGAIN => AcceptError::WouldBlock,
            Errno::EINTR => AcceptError::Interrupted,
            Errno::EMFILE | Errno::ENFILE | Errno::ENOBUFS | Errno::ENOMEM => AcceptError::Shortage,
            Errno::ECONNABORTED
            | Errno::EPROTO
            | Errno::EPERM
            | Errno::ENOPROTOOPT
            | Errno::EHOSTDOWN
            | Errno::EHOSTUNREACH
            | Errno::ENETDOWN
            | Errno::ENETUNREACH
            | Errno::ENONET => AcceptError::OfTheClient,
            _ => AcceptError::Ours,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errnos_have_their_class() {
        for (errno, class) in [
            (Errno::EAGAIN, AcceptError::WouldBlock),
            (Errno::EINTR, AcceptError::Interrupted),
            (Errno::ECONNABORTED, AcceptError::OfTheClient),
            (Errno::EMFILE, AcceptError::Shortage),
            (Errno::ENOBUFS, AcceptError::Shortage),
            (Errno::EINVAL, AcceptError::Ours),
            (Errno::EBADF, AcceptError::Ours),
        ] {
            assert_eq!(AcceptError::from(errno), class, "{errno}");
        }
    }
}
