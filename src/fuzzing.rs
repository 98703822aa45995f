//! What the fuzz targets in `fuzz/` do with their inputs; compiled for them and for tests alone.
//!
//! It lives here so that `cargo test` replays the corpus through the same code without a fuzzer. It knows no target's
//! history: which inputs are worth keeping is the fuzzer's to say.

mod engine;
mod gate;
mod parsers;
mod secrets;

pub use engine::engine;
pub use gate::gate;
pub use parsers::parsers;

#[cfg(test)]
mod tests;
