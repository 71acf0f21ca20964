//! The real board.
