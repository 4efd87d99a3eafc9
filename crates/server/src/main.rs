//! The `stockroom` binary.
fn main() {}
