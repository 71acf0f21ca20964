//! Probes: what one found out, and the machines that find out.

pub mod outcome;
