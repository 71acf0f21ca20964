//! Who asks, and what they may: networks and proxies ([`networks`]), tokens ([`guesses`]), logins ([`login`]), and who it
//! is in the end ([`visitor`]).

pub mod guesses;
pub mod login;
pub mod networks;
pub mod visitor;

pub use guesses::Guard;
pub use networks::{Client, Peer};
pub use visitor::{Visitor, Who};
