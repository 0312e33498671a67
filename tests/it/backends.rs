//! The backends of this machine, of which the fastest is in use.

use wsframe::arch;
use wsframe::{Mask, MaskingKey, Utf8Validator};

#[test]
fn the_first_that_is_available_is_in_use() {
    // The first call of each function detects the backend.
    let mut bytes = *b"Hello";
    let mut mask = Mask::new(MaskingKey::new([1, 2, 3, 4]));
    assert!(Utf8Validator::new().unmask_and_validate(&mut bytes, &mut mask).is_ok());

    let names: Vec<_> = arch::available().map(|backend| backend.name).collect();
    println!("backends: {}", names.join(", "));
    assert_eq!(arch::active().name, names[0]);
    let everywhere = if cfg!(wsframe_backend = "small") { "small" } else { "words" };
    assert_eq!(names.last(), Some(&everywhere));
    if cfg!(any(wsframe_backend = "words", wsframe_backend = "small")) {
        assert_eq!(names, [everywhere]);
    }
    if cfg!(wsframe_backend = "ssse3") && cfg!(target_arch = "x86_64") {
        assert_eq!(names[0], "ssse3");
    }
    if cfg!(wsframe_backend = "avx2") {
        assert!(!names.contains(&"avx512"));
    }
}
