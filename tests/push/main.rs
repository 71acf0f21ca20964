//! The real `oco push`.
