//! What any loop of ours has on its poll: its events by type, ports, connections and how each goes on. It knows nothing
//! of what is answered, and of no settings.

pub mod accept_error;
pub mod connections;
pub mod http;
pub mod lingering;
pub mod listener;
pub mod token;
