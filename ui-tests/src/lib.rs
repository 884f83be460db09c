//! What the compiler says to the users of the macros. The programs are in `fail` and `pass`.
