//! Kernels for instruction sets with vectors of 16 bytes.

/// Writes `validate` and `unmask_validate`. The module must have all operations that the macros of
/// `lookup` need.
macro_rules! kernels_16 {
    ($features:literal) => {
        use $crate::arch::lookup as kernels;
        use $crate::arch::words::utf8;

        kernels::lookup_core!($features);
        kernels::part_of_vector_kernels!($features);
        kernels::few_vectors_kernels!($features);
        kernels::two_block_kernels!($features, 4, validate_64_to_128, unmask_validate_64_to_128);
        kernels::long_lookup_kernel!($features);
        kernels::long_unmask_kernel!($features);

        #[target_feature(enable = $features)]
        fn validate(bytes: &[u8], state: u32) -> u32 {
            match bytes.len() {
                0..16 if state != 0 => utf8::walk(bytes, state),
                0..16 => validate_part(bytes),
                16..=64 => validate_few_vectors(bytes, state),
                65..=128 => validate_64_to_128(bytes, state),
                _ => validate_long(bytes, state),
            }
        }

        #[target_feature(enable = $features)]
        fn unmask_validate(bytes: &mut [u8], key: u32, state: u32) -> u32 {
            match bytes.len() {
                0..16 if state != 0 => utf8::unmask_walk(bytes, key, state),
                0..16 => unmask_validate_part(bytes, key),
                16..=64 => unmask_validate_few_vectors(bytes, key, state),
                65..=128 => unmask_validate_64_to_128(bytes, key, state),
                _ => unmask_validate_long(bytes, key, state),
            }
        }
    };
}

pub(in crate::arch) use kernels_16;
