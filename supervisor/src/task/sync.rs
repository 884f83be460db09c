//! What a run and those who ask it to stop meet by: of the standard library, or of loom, which plays
//! every order in which threads can do things, and every value that a load may see. That is
//! what `just loom` does.

#[cfg(not(supervisor_loom))]
pub(crate) use std::sync::{
    Mutex as CellMutex, MutexGuard as CellGuard,
    atomic::{AtomicBool, AtomicU64, Ordering, fence},
};

#[cfg(supervisor_loom)]
pub(crate) use loom::sync::{
    Mutex as CellMutex, MutexGuard as CellGuard,
    atomic::{AtomicBool, AtomicU64, Ordering, fence},
};

#[cfg(not(supervisor_loom))]
pub(crate) use super::cell::lock as lock_cell;

#[cfg(supervisor_loom)]
pub(crate) fn lock_cell<T>(mutex: &CellMutex<T>) -> CellGuard<'_, T> {
    mutex.lock().expect("no model panics")
}
