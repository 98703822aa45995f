//! Speed, as far as a slow machine can promise it: rounds of requests, not milliseconds.
