//! Empty: the package is for its tests.
