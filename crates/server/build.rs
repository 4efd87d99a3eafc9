//! Has the crate built anew when the interface was: its files are inside the binary.

fn main() {
    // Watched as a whole; the folder is there also where nothing was built.
    println!("cargo:rerun-if-changed=../../web/dist");
}
