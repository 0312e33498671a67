//! The modules that use the kernels, as a program of their own: it builds in a fraction of the time,
//! so it is built once for each backend.

#[path = "../support/mod.rs"]
mod support;

mod backends;
mod bytes;
mod rfc6455_5_3_masking;
mod rfc6455_5_4_messages;
mod rfc6455_5_frames;
mod rfc6455_8_1_utf8;
mod seeds;
