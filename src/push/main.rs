//! `oco push`: sends the status files of a host to a board.

fn main() {}
